//! The suite on a store in memory, and through the halves that `#[interface]` writes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bp_runtime::conformance::{Failure, StoreFactory, run_cases, run_cases_through_client};
use bp_std::service;

use crate::conformance::CASES;
use crate::{Sample, SampleError};

#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, i64>>);

fn check(name: &str) -> Result<(), SampleError> {
    let fits = (1..=100).contains(&name.len());
    fits.then_some(()).ok_or_else(|| SampleError::Invalid("a name has 1 to 100 bytes".to_owned()))
}

#[service]
impl Sample for Counts {
    async fn read(&self, name: String) -> Result<i64, SampleError> {
        check(&name)?;
        Ok(self.0.lock().unwrap().get(&name).copied().unwrap_or_default())
    }

    async fn add(&self, name: String, by: i64) -> Result<i64, SampleError> {
        check(&name)?;
        let mut counts = self.0.lock().unwrap();
        let count = counts.entry(name).or_default();
        let sum = count.checked_add(by);
        *count = sum.ok_or_else(|| SampleError::Invalid("the sum does not fit".to_owned()))?;
        Ok(*count)
    }
}

struct Stores;

#[service]
impl StoreFactory<dyn Sample> for Stores {
    async fn fresh(&self) -> Result<Arc<dyn Sample>, Failure> {
        Ok(Arc::new(Counts::default()))
    }
}

#[tokio::test]
async fn a_store_passes_the_suite() {
    run_cases(CASES, Arc::new(Stores)).await;
}

#[tokio::test]
async fn it_passes_the_suite_through_the_client() {
    run_cases_through_client(CASES, Arc::new(Stores)).await;
}
