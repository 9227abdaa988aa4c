//! Another workflow in a package of the same name.

use bp_std::{Infra, InitError, ServiceError, service};

#[derive(Debug, ServiceError)]
pub enum FrontError {
    #[infra]
    Infra(Infra),
}

#[service]
pub trait Front {
    async fn who(&self) -> Result<String, FrontError>;
}

pub struct One;

impl One {
    pub async fn new() -> Result<Self, InitError> {
        Ok(Self)
    }
}

#[service]
impl Front for One {
    async fn who(&self) -> Result<String, FrontError> {
        Ok(String::from("other"))
    }
}
