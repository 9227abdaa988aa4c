//! What every backend that offers `Sample` must do; its tests run these cases.

use std::sync::Arc;

use bp_runtime::conformance::{self, Failure, StoreFactory, Verdict, expect_equal};

use crate::{Sample, SampleError};

type Factory = Arc<dyn StoreFactory<dyn Sample>>;

conformance::cases! {
    /// The suite.
    pub const CASES: dyn Sample = [
        a_count_begins_at_zero,
        counts_are_apart,
        a_sum_that_does_not_fit_changes_nothing,
        names_have_bounds,
    ]
}

async fn a_count_begins_at_zero(stores: Factory) -> Verdict {
    let counts = stores.fresh().await?;
    expect_equal("a count that nobody added to", &counts.read("a".to_owned()).await?, &0)?;
    expect_equal("the sum", &counts.add("a".to_owned(), 3).await?, &3)?;
    expect_equal("the sum", &counts.add("a".to_owned(), -5).await?, &-2)?;
    expect_equal("the count", &counts.read("a".to_owned()).await?, &-2)
}

async fn counts_are_apart(stores: Factory) -> Verdict {
    let counts = stores.fresh().await?;
    counts.add("a".to_owned(), 1).await?;
    expect_equal("another name's count", &counts.read("A".to_owned()).await?, &0)
}

async fn a_sum_that_does_not_fit_changes_nothing(stores: Factory) -> Verdict {
    let counts = stores.fresh().await?;
    counts.add("a".to_owned(), i64::MAX).await?;
    expect_invalid("a sum beyond i64", counts.add("a".to_owned(), 1).await)?;
    expect_equal("the count", &counts.read("a".to_owned()).await?, &i64::MAX)
}

async fn names_have_bounds(stores: Factory) -> Verdict {
    let counts = stores.fresh().await?;
    for name in [String::new(), "a".repeat(101)] {
        expect_invalid("reading", counts.read(name.clone()).await)?;
        expect_invalid("adding", counts.add(name, 1).await)?;
    }
    expect_equal("the longest name's count", &counts.add("a".repeat(100), 1).await?, &1)
}

fn expect_invalid(what: &str, answer: Result<i64, SampleError>) -> Verdict {
    match answer {
        Err(SampleError::Invalid(_)) => Ok(()),
        other => Err(Failure::new(format!("{what}: expected `Invalid`, found {other:?}"))),
    }
}
