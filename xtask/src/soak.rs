//! Tests that take minutes: the same as in CI, with all cases instead of a few.

use anyhow::{Context as _, Result};

use crate::step::{cargo, run};

/// A test that runs more cases if `BP_SOAK` is set.
#[derive(Debug, PartialEq)]
struct Soak {
    /// The name of the test target, and of the soak.
    name: &'static str,
    package: &'static str,
}

const SOAKS: &[Soak] = &[
    // Recovery from overload through `retry`, all rows of the simulation: three minutes.
    Soak { name: "retry_recovery", package: "bp-rt-retry" },
];

/// Runs the soaks that are named, or all.
pub(crate) fn run_all(names: &[&str]) -> Result<()> {
    for soak in choose(names)? {
        let mut test = cargo(&["test", "--locked", "--package", soak.package, "--test", soak.name]);
        run(soak.name, test.args(["--", "--nocapture"]).env("BP_SOAK", "1"))?;
    }
    Ok(())
}

fn choose(names: &[&str]) -> Result<Vec<&'static Soak>> {
    if names.is_empty() {
        return Ok(SOAKS.iter().collect());
    }
    let find = |name: &&str| {
        SOAKS.iter().find(|soak| soak.name == *name).with_context(|| {
            let known: Vec<&str> = SOAKS.iter().map(|soak| soak.name).collect();
            format!("no soak is named {name}; there are: {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_and_a_wrong_one_lists_the_others() {
        assert_eq!(choose(&[]).unwrap().len(), SOAKS.len());
        let [soak] = choose(&["retry_recovery"]).unwrap()[..] else { panic!("one") };
        assert_eq!(soak.package, "bp-rt-retry");
        let error = choose(&["retry_recovery", "retry"]).unwrap_err().to_string();
        assert_eq!(error, "no soak is named retry; there are: retry_recovery");
    }
}
