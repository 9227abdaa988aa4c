//! The stores' servers, from Debian's packages, behind the names, users and variables of the usual images.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::step::run;

/// What the images' entry points do that the emitted files rely on.
///
/// PostgreSQL's makes the database and its user at the first start, with a server that nothing else can reach, as in the usual image.
const POSTGRES: &str = r#"#!/bin/bash
set -euo pipefail
PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    pg_ctl --wait --options="-c listen_addresses=''" start
    if [ "$POSTGRES_DB" != postgres ]; then
        createdb --username="$POSTGRES_USER" --no-password "$POSTGRES_DB"
    fi
    pg_ctl --wait --mode=fast stop
fi
exec postgres -c listen_addresses='*' "$@"
"#;

const MEMCACHED: &str = "#!/bin/bash\nexec memcached \"$@\"\n";

/// One root for both servers; each image starts its own.
pub(super) fn build(folder: &Path) -> Result<()> {
    run(
        "debootstrap",
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include=memcached,postgresql", "bookworm"])
            .arg(folder)
            .arg("http://deb.debian.org/debian"),
    )?;
    for (name, text) in [("postgres", POSTGRES), ("memcached", MEMCACHED)] {
        let path = folder.join(format!("usr/local/bin/start-{name}"));
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    // The usual images' users, by number.
    user(folder, "postgres", 999)?;
    user(folder, "memcache", 11_211)?;
    let owned = "rm -rf /var/lib/postgresql/* && mkdir /var/lib/postgresql/data && chown -R 999:999 /var/lib/postgresql /var/run/postgresql && chmod 700 /var/lib/postgresql/data";
    run("owners", Command::new("chroot").arg(folder).args(["/bin/sh", "-c", owned]))
}

fn user(folder: &Path, name: &str, number: u32) -> Result<()> {
    for (file, fields) in [("etc/passwd", 2..4), ("etc/group", 2..3)] {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let line = |line: &str| {
            let mut parts: Vec<String> = line.split(':').map(str::to_owned).collect();
            if parts.first().is_some_and(|first| first == name) {
                for part in parts.get_mut(fields.clone()).into_iter().flatten() {
                    *part = number.to_string();
                }
            }
            parts.join(":") + "\n"
        };
        std::fs::write(&path, text.lines().map(line).collect::<String>())?;
    }
    Ok(())
}
