//! The environment variables of a process, captured once, so that tests can give others.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bp_contract::variable;
use serde_json::Value;

use crate::error::StartError;
use crate::surroundings::Files;

/// Variables by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The variables of this process; one that is not UTF-8 is left out.
    pub fn of_process() -> Self {
        let text = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self { variables: text.collect() }
    }

    /// Sets a variable.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variables whose name begins with `prefix`, without it.
    pub(crate) fn prefixed<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.variables
            .range(prefix.to_owned()..)
            .map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Where instances keep their data: `BP_DATA`, else `.bp/data`.
    pub fn data_folder(&self) -> PathBuf {
        self.get(variable::DATA).map_or_else(|| PathBuf::from(".bp/data"), PathBuf::from)
    }

    /// The value with every `{ env = … }`, `{ secret = … }` and `{ file = … }` in it replaced by its text.
    ///
    /// A secret is `BP_SECRET_<NAME>`, else the file of its name in `BP_SECRETS` (`/run/secrets`, where Docker and Kubernetes put it).
    ///
    /// # Errors
    /// Something that a reference names does not exist.
    pub fn resolve(&self, value: &Value, files: &dyn Files) -> Result<Value, StartError> {
        match value {
            Value::Object(entries) => {
                if let Some((kind, name)) = parse_reference(value) {
                    return self.look_up(kind, name, files).map(Value::String);
                }
                let resolved = entries
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.resolve(value, files)?)))
                    .collect::<Result<_, StartError>>()?;
                Ok(Value::Object(resolved))
            }
            Value::Array(items) => items.iter().map(|item| self.resolve(item, files)).collect(),
            plain => Ok(plain.clone()),
        }
    }

    fn look_up(&self, kind: &str, name: &str, files: &dyn Files) -> Result<String, StartError> {
        let read = |path: PathBuf| {
            files
                .read(&path)
                .map(|text| text.trim_end_matches(['\n', '\r']).to_owned())
                .map_err(|error| StartError::because(format!("{}", path.display()), &error))
        };
        match kind {
            "env" => self.get(name).map(str::to_owned).ok_or_else(|| {
                StartError::new(format!("the environment variable {name} is not set"))
            }),
            "file" => read(PathBuf::from(name)),
            _ => {
                let variable = variable::secret(name);
                if let Some(secret) = self.get(&variable) {
                    return Ok(secret.to_owned());
                }
                let folder = self.get(variable::SECRETS).unwrap_or(variable::SECRETS_FOLDER);
                read(PathBuf::from(folder).join(name)).map_err(|error| {
                    error.at(format!(
                        "secret `{name}`: neither {variable} is set nor is there a file"
                    ))
                })
            }
        }
    }
}

/// Reads `{ "env": "X" }`, `{ "secret": "x" }` or `{ "file": "x" }`.
pub(crate) fn parse_reference(value: &Value) -> Option<(&str, &str)> {
    let entries = value.as_object().filter(|entries| entries.len() == 1)?;
    let (kind, name) = entries.iter().next()?;
    let known = matches!(kind.as_str(), "env" | "secret" | "file");
    known.then(|| Some((kind.as_str(), name.as_str()?))).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::surroundings::MemoryFiles;

    #[test]
    fn references_are_resolved_wherever_they_stand() {
        let file = "/secrets/db-password";
        let files = MemoryFiles::default().with(file, "hunter2\n");
        let environment = Environment::default()
            .with("URL", "db:5432")
            .with("BP_SECRET_API_KEY", "k")
            .with("BP_SECRETS", "/secrets");
        let value = json!({
            "url": { "env": "URL" },
            "list": [{ "secret": "db-password" }, { "secret": "api-key" }, { "file": file }],
            "plain": { "env": "URL", "x": 1 },
        });
        assert_eq!(
            environment.resolve(&value, &files).unwrap(),
            json!({ "url": "db:5432", "list": ["hunter2", "k", "hunter2"], "plain": { "env": "URL", "x": 1 } })
        );
        let missing = environment.resolve(&json!({ "env": "NOPE" }), &files).unwrap_err();
        assert_eq!(missing.to_string(), "the environment variable NOPE is not set");
    }

    #[test]
    fn prefixed_stops_where_the_prefix_does() {
        let environment =
            Environment::default().with("BP_ADDR_A", "1").with("BP_ADDS", "2").with("A", "3");
        assert_eq!(environment.prefixed("BP_ADDR_").collect::<Vec<_>>(), [("A", "1")]);
    }
}
