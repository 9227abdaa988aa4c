//! Passwords as they are kept: salted, hashed by Argon2id, in PHC form.

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

/// Hashes a password with a new salt, over so many KiB of memory; `None` for parameters out of Argon2's range.
pub(crate) fn hash(password: &str, memory_kib: u32) -> Option<String> {
    let parameters = Params::new(memory_kib, Params::DEFAULT_T_COST, 1, None).ok()?;
    let salt = SaltString::generate(&mut OsRng);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    argon2.hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// Whether the password is the one that was hashed; the hash says with which parameters.
pub(crate) fn is_right(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_alone_and_no_two_are_equal() {
        let kept = hash("0000000000", 8).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=8,t=2,p=1$") && !kept.contains("0000000000"));
        assert!(is_right("0000000000", &kept));
        assert!(!is_right("0000000001", &kept) && !is_right("", &kept));
        assert_ne!(hash("0000000000", 8).unwrap(), kept, "a salt of its own");
        assert!(!is_right("x", "no hash"));
        assert_eq!(hash("x", 1), None, "too little memory");
    }
}
