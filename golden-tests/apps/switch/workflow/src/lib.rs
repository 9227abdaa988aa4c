//! A service of which every implementation says which it is.

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
        Ok(String::from("one"))
    }
}

pub struct Two;

impl Two {
    pub async fn new() -> Result<Self, InitError> {
        Ok(Self)
    }
}

#[service]
impl Front for Two {
    async fn who(&self) -> Result<String, FrontError> {
        Ok(String::from("two"))
    }
}

pub struct Three;

impl Three {
    pub async fn new() -> Result<Self, InitError> {
        Ok(Self)
    }
}

#[service]
impl Front for Three {
    async fn who(&self) -> Result<String, FrontError> {
        Ok(String::from("three"))
    }
}
