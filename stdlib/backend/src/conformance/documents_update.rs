//! Cases of the document store suite: updates.

use serde_json::json;

use super::document_store::{Factory, c, document};
use super::{Verdict, cases, expect_equal, expect_holds, expect_invalid, expect_wrong_type};
use crate::{BackendError, DocumentStore, Filter, Json, Update};

cases! { pub(super) const CASES: dyn DocumentStore = [
    an_update_answers_and_stores_the_new_document,
    an_update_of_a_missing_document_makes_none,
    no_change_answers_the_document,
    set_makes_objects_on_the_way,
    set_through_another_type_is_a_wrong_type,
    unset_removes_and_may_miss,
    inc_adds_integers_and_floats,
    inc_of_another_type_changes_nothing,
    inc_beyond_the_range_changes_nothing,
    push_appends_and_pull_removes,
    push_and_pull_need_an_array,
    changes_apply_in_order,
    changes_are_all_or_none,
    an_expectation_guards_the_change,
    a_bad_update_is_invalid,
    concurrent_increments_all_count,
    concurrent_pushes_all_stay,
    guarded_decrements_never_oversell,
] }

async fn an_update_answers_and_stores_the_new_document(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({ "n": 1, "kept": [1] }))).await?;
    store.put(c(), document("b", json!({ "n": 1 }))).await?;
    let new = document("a", json!({ "n": 5, "kept": [1] }));
    expect_equal(
        "answer",
        &store.update(c(), "a".into(), Update::new().set("n", 5)).await?,
        &Some(new.clone()),
    )?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(new))?;
    expect_equal(
        "another",
        &store.get(c(), "b".into()).await?,
        &Some(document("b", json!({ "n": 1 }))),
    )
}

async fn an_update_of_a_missing_document_makes_none(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    expect_equal(
        "answer",
        &store.update(c(), "a".into(), Update::new().set("n", 5)).await?,
        &None,
    )?;
    expect_equal("count", &store.count(c(), Filter::All).await?, &0)
}

async fn no_change_answers_the_document(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let one = document("a", json!({ "n": 1 }));
    store.put(c(), one.clone()).await?;
    expect_equal("answer", &store.update(c(), "a".into(), Update::new()).await?, &Some(one))
}

/// Applies an update to `before`; the answer and the stored document must be `after`.
async fn changes(
    stores: &Factory,
    before: serde_json::Value,
    update: Update,
    after: serde_json::Value,
) -> Verdict {
    let store = stores.fresh().await?;
    let what = format!("{update:?}");
    store.put(c(), document("a", before)).await?;
    let answer = store.update(c(), "a".into(), update).await?;
    let after = Some(document("a", after));
    expect_equal(&what, &answer, &after)?;
    expect_equal(&what, &store.get(c(), "a".into()).await?, &after)
}

/// Applies an update to `before`; it must fail by `check` and change nothing.
async fn fails(
    stores: &Factory,
    before: serde_json::Value,
    update: Update,
    check: fn(&str, Result<Option<crate::Document>, BackendError>) -> Verdict,
) -> Verdict {
    let store = stores.fresh().await?;
    let what = format!("{update:?}");
    store.put(c(), document("a", before.clone())).await?;
    check(&what, store.update(c(), "a".into(), update).await)?;
    expect_equal(&what, &store.get(c(), "a".into()).await?, &Some(document("a", before)))
}

async fn set_makes_objects_on_the_way(stores: Factory) -> Verdict {
    changes(&stores, json!({}), Update::new().set("a.b.c", 1), json!({ "a": { "b": { "c": 1 } } }))
        .await?;
    changes(
        &stores,
        json!({ "a": { "x": 0 } }),
        Update::new().set("a.b", json!([])),
        json!({ "a": { "x": 0, "b": [] } }),
    )
    .await?;
    changes(&stores, json!({ "a": [1] }), Update::new().set("a", ()), json!({ "a": null })).await?;
    changes(&stores, json!({}), Update::new().set("a.0", 1), json!({ "a": { "0": 1 } })).await
}

async fn set_through_another_type_is_a_wrong_type(stores: Factory) -> Verdict {
    for value in [json!(1), json!("x"), json!(null), json!([]), json!(true)] {
        fails(&stores, json!({ "a": value }), Update::new().set("a.b", 1), expect_wrong_type)
            .await?;
    }
    fails(&stores, json!({ "a": [1] }), Update::new().inc("a.0", 1), expect_wrong_type).await
}

async fn unset_removes_and_may_miss(stores: Factory) -> Verdict {
    changes(&stores, json!({ "a": 1, "b": 2 }), Update::new().unset("a"), json!({ "b": 2 }))
        .await?;
    changes(
        &stores,
        json!({ "a": { "b": 1, "c": 2 } }),
        Update::new().unset("a.b"),
        json!({ "a": { "c": 2 } }),
    )
    .await?;
    changes(&stores, json!({ "a": { "b": 1 } }), Update::new().unset("a.b"), json!({ "a": {} }))
        .await?;
    for missing in ["z", "z.y", "a.b", "l.0"] {
        let body = json!({ "a": 1, "l": [1] });
        changes(&stores, body.clone(), Update::new().unset(missing), body).await?;
    }
    Ok(())
}

async fn inc_adds_integers_and_floats(stores: Factory) -> Verdict {
    changes(&stores, json!({ "n": 1 }), Update::new().inc("n", 2), json!({ "n": 3 })).await?;
    changes(&stores, json!({ "n": 1 }), Update::new().inc("n", -2), json!({ "n": -1 })).await?;
    changes(&stores, json!({}), Update::new().inc("a.n", 2), json!({ "a": { "n": 2 } })).await?;
    changes(&stores, json!({ "n": 1 }), Update::new().inc("n", 0.5), json!({ "n": 1.5 })).await?;
    changes(&stores, json!({ "n": 0.25 }), Update::new().inc("n", 1), json!({ "n": 1.25 })).await?;
    let big = (1i64 << 53) + 1;
    changes(&stores, json!({ "n": big }), Update::new().inc("n", 2), json!({ "n": big + 2 })).await
}

async fn inc_of_another_type_changes_nothing(stores: Factory) -> Verdict {
    for value in [json!("1"), json!(null), json!(true), json!([1]), json!({})] {
        fails(&stores, json!({ "n": value }), Update::new().inc("n", 1), expect_wrong_type).await?;
    }
    Ok(())
}

async fn inc_beyond_the_range_changes_nothing(stores: Factory) -> Verdict {
    fails(&stores, json!({ "n": i64::MAX }), Update::new().inc("n", 1), expect_invalid).await?;
    fails(&stores, json!({ "n": i64::MIN }), Update::new().inc("n", -1), expect_invalid).await?;
    fails(&stores, json!({ "n": 1.7e308 }), Update::new().inc("n", 1.7e308), expect_invalid).await
}

async fn push_appends_and_pull_removes(stores: Factory) -> Verdict {
    changes(
        &stores,
        json!({ "l": [1] }),
        Update::new().push("l", json!([2])),
        json!({ "l": [1, [2]] }),
    )
    .await?;
    changes(&stores, json!({}), Update::new().push("a.l", 1), json!({ "a": { "l": [1] } })).await?;
    changes(
        &stores,
        json!({ "l": [1, 2, 1.0, "1", null] }),
        Update::new().pull("l", 1),
        json!({ "l": [2, "1", null] }),
    )
    .await?;
    let objects = json!({ "l": [{ "a": 1, "b": 2 }, { "a": 1 }] });
    changes(
        &stores,
        objects,
        Update::new().pull("l", json!({ "a": 1 })),
        json!({ "l": [{ "a": 1, "b": 2 }] }),
    )
    .await?;
    changes(&stores, json!({ "l": [1] }), Update::new().pull("l", 2), json!({ "l": [1] })).await?;
    changes(&stores, json!({}), Update::new().pull("l.m", 2), json!({})).await
}

async fn push_and_pull_need_an_array(stores: Factory) -> Verdict {
    for value in [json!(1), json!("x"), json!(null), json!({})] {
        fails(&stores, json!({ "l": value }), Update::new().push("l", 1), expect_wrong_type)
            .await?;
        fails(&stores, json!({ "l": value }), Update::new().pull("l", 1), expect_wrong_type)
            .await?;
    }
    Ok(())
}

async fn changes_apply_in_order(stores: Factory) -> Verdict {
    let update = Update::new()
        .set("n", 1)
        .inc("n", 1)
        .set("m.x", "y")
        .unset("m.x")
        .push("l", 1)
        .pull("l", 1)
        .push("l", 2);
    changes(&stores, json!({ "n": "text" }), update, json!({ "n": 2, "m": {}, "l": [2] })).await
}

async fn changes_are_all_or_none(stores: Factory) -> Verdict {
    let update = Update::new().set("a", 9).push("l", 1).inc("text", 1);
    fails(&stores, json!({ "a": 1, "text": "x" }), update, expect_wrong_type).await?;
    fails(&stores, json!({ "a": 1 }), Update::new().set("a", 2).set("b", "\0"), expect_invalid)
        .await
}

async fn an_expectation_guards_the_change(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({ "version": 1, "n": 0 }))).await?;
    let next = || Update::new().only_if(Filter::eq("version", 1)).inc("version", 1).set("n", 7);
    let new = document("a", json!({ "version": 2, "n": 7 }));
    expect_equal("first", &store.update(c(), "a".into(), next()).await?, &Some(new.clone()))?;
    expect_equal("second", &store.update(c(), "a".into(), next()).await?, &None)?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(new.clone()))?;
    let other = Update::new().only_if(Filter::eq("_id", "b")).set("n", 8);
    expect_equal("by id", &store.update(c(), "a".into(), other).await?, &None)?;
    let checked = Update::new().only_if(Filter::gte("n", 7)).only_if(Filter::exists("x", false));
    expect_equal("several", &store.update(c(), "a".into(), checked).await?, &Some(new))
}

async fn a_bad_update_is_invalid(stores: Factory) -> Verdict {
    let body = json!({ "n": 1 });
    for path in ["", "a..b", "_id", "_id.x", "a\0"] {
        fails(&stores, body.clone(), Update::new().set(path, 1), expect_invalid).await?;
        fails(&stores, body.clone(), Update::new().unset(path), expect_invalid).await?;
    }
    for by in [json!("1"), json!(null), json!([1])] {
        fails(&stores, body.clone(), Update::new().inc("n", by), expect_invalid).await?;
    }
    fails(&stores, body.clone(), Update::new().inc("n", f64::NAN), expect_invalid).await?;
    let guard = Update::new().set("n", 2).only_if(Filter::lt("n", json!([])));
    fails(&stores, body, guard, expect_invalid).await
}

async fn concurrent_increments_all_count(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({ "n": 0 }))).await?;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                for _ in 0..10 {
                    let found = store.update(c(), "a".into(), Update::new().inc("n", 1)).await?;
                    seen.extend(
                        found.and_then(|found| found.body.field("n").and_then(Json::as_i64)),
                    );
                }
                Ok::<_, BackendError>(seen)
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.extend(task.await??);
    }
    seen.sort_unstable();
    expect_equal("every sum once", &seen, &(1..=80).collect())
}

async fn concurrent_pushes_all_stay(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({ "l": [] }))).await?;
    let tasks: Vec<_> = (0..30)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(
                async move { store.update(c(), "a".into(), Update::new().push("l", n)).await },
            )
        })
        .collect();
    for task in tasks {
        expect_holds("found", task.await??.is_some())?;
    }
    let found = store.get(c(), "a".into()).await?;
    let items = found.as_ref().and_then(|found| found.body.field("l"));
    let mut items: Vec<_> = match items {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_i64).collect(),
        _ => Vec::new(),
    };
    items.sort_unstable();
    expect_equal("items", &items, &(0..30).collect())
}

async fn guarded_decrements_never_oversell(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("room", json!({ "left": 5 }))).await?;
    let buyers: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            let update = Update::new().only_if(Filter::gte("left", 1)).inc("left", -1);
            tokio::spawn(async move { store.update(c(), "room".into(), update).await })
        })
        .collect();
    let mut sold = 0;
    for buyer in buyers {
        sold += i32::from(buyer.await??.is_some());
    }
    expect_equal("sold", &sold, &5)?;
    expect_equal(
        "left",
        &store.get(c(), "room".into()).await?,
        &Some(document("room", json!({ "left": 0 }))),
    )
}
