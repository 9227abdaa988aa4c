//! Cases of the document store suite: single documents, limits, concurrency, durability.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{
    StoreFactory, Verdict, cases, expect_already_exists, expect_equal, expect_holds, expect_invalid,
};
use crate::engine::validate::{MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_ID_BYTES, MAX_NAME_BYTES};
use crate::{Document, DocumentStore, Filter, Index, Json, Query, Update};

pub(super) type Factory = Arc<dyn StoreFactory<dyn DocumentStore>>;

cases! { pub(super) const CASES: dyn DocumentStore = [
    a_missing_document_answers_none,
    what_was_inserted_is_got,
    insert_of_a_taken_id_changes_nothing,
    put_replaces_the_whole_document,
    delete_says_whether_it_was_there,
    get_many_answers_in_order,
    collections_are_apart,
    stores_are_apart,
    a_missing_collection_is_empty,
    every_json_value_round_trips,
    numbers_keep_their_kind,
    any_characters_are_an_id,
    ids_are_told_apart_exactly,
    the_longest_id_fits,
    a_bad_id_is_invalid,
    a_bad_collection_is_invalid,
    a_body_must_be_an_object_without_id,
    nul_and_non_finite_numbers_are_invalid,
    depth_is_bounded,
    size_is_bounded,
    any_field_name_can_be_stored,
    concurrent_inserts_of_one_id_have_one_winner,
    create_index_may_repeat_and_conflicts_by_name,
    a_bad_index_is_invalid,
    an_index_changes_no_answer,
    a_reopened_store_has_what_was_written,
    dropped_calls_lose_no_answered_write,
] }

pub(super) const IN: &str = "things";

pub(super) fn c() -> String {
    IN.to_owned()
}

pub(super) fn document(id: &str, body: serde_json::Value) -> Document {
    Document::new(id, body)
}

async fn a_missing_document_answers_none(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({}))).await?;
    expect_equal("get", &store.get(c(), "b".into()).await?, &None)
}

async fn what_was_inserted_is_got(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let one = document("a", json!({ "name": "one", "tags": ["x", "y"] }));
    store.insert(c(), one.clone()).await?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(one))?;
    store.insert(c(), document("b", json!({}))).await?;
    expect_equal(
        "an empty one",
        &store.get(c(), "b".into()).await?,
        &Some(document("b", json!({}))),
    )
}

async fn insert_of_a_taken_id_changes_nothing(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let one = document("a", json!({ "n": 1 }));
    store.insert(c(), one.clone()).await?;
    expect_already_exists("again", store.insert(c(), document("a", json!({ "n": 2 }))).await)?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(one))?;
    store.delete(c(), "a".into()).await?;
    store.insert(c(), document("a", json!({ "n": 3 }))).await?;
    Ok(())
}

async fn put_replaces_the_whole_document(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({ "n": 1, "old": true }))).await?;
    let two = document("a", json!({ "n": 2 }));
    store.put(c(), two.clone()).await?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(two))?;
    expect_equal("count", &store.count(c(), Filter::All).await?, &1)
}

async fn delete_says_whether_it_was_there(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.put(c(), document("a", json!({}))).await?;
    store.put(c(), document("b", json!({}))).await?;
    expect_holds("first", store.delete(c(), "a".into()).await?)?;
    expect_holds("second", !store.delete(c(), "a".into()).await?)?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &None)?;
    expect_equal("count", &store.count(c(), Filter::All).await?, &1)
}

async fn get_many_answers_in_order(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let (a, b) = (document("a", json!({ "n": 1 })), document("b", json!({ "n": 2 })));
    store.put(c(), a.clone()).await?;
    store.put(c(), b.clone()).await?;
    let ids = ["b", "none", "a", "b"].map(str::to_owned).to_vec();
    let answers = store.get_many(c(), ids).await?;
    expect_equal("get_many", &answers, &vec![Some(b.clone()), None, Some(a), Some(b)])?;
    expect_equal("of nothing", &store.get_many(c(), Vec::new()).await?, &Vec::new())?;
    expect_invalid("a bad id", store.get_many(c(), vec!["a".into(), String::new()]).await)
}

async fn collections_are_apart(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    // One name is a prefix of the other and sorts next to it, or differs in case, or is the form in which a store keeps another name.
    let collections =
        ["t", "t0", "t_", "T", "tT", "Tt", "t-", "user", "select", "t_pkey", "T-pkey", "system"];
    for (collection, n) in collections.into_iter().zip(1..) {
        store.insert(collection.into(), document("a", json!({ "n": n }))).await?;
        store.insert(collection.into(), document("0a", json!({ "n": n }))).await?;
    }
    store.delete("t0".into(), "a".into()).await?;
    for (collection, n) in collections.into_iter().zip(1..) {
        let left = if collection == "t0" { 1 } else { 2 };
        expect_equal(
            collection,
            &store.count(collection.into(), Filter::eq("n", n)).await?,
            &left,
        )?;
        expect_equal(collection, &store.count(collection.into(), Filter::All).await?, &left)?;
        let page = store.find(collection.into(), Query::new()).await?;
        expect_holds(
            collection,
            page.documents.iter().all(|found| found.body.field("n") == Some(&Json::Int(n))),
        )?;
    }
    Ok(())
}

async fn stores_are_apart(stores: Factory) -> Verdict {
    let (one, two) = (stores.fresh().await?, stores.fresh().await?);
    one.put(c(), document("a", json!({}))).await?;
    expect_equal("the other", &two.get(c(), "a".into()).await?, &None)?;
    expect_holds("delete in the other", !two.delete(c(), "a".into()).await?)?;
    expect_equal("the first", &one.count(c(), Filter::All).await?, &1)
}

async fn a_missing_collection_is_empty(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &None)?;
    expect_equal("get_many", &store.get_many(c(), vec!["a".into()]).await?, &vec![None])?;
    expect_equal("count", &store.count(c(), Filter::All).await?, &0)?;
    expect_equal("find", &store.find(c(), Query::new()).await?, &crate::Page::default())?;
    expect_holds("delete", !store.delete(c(), "a".into()).await?)?;
    expect_equal("update", &store.update(c(), "a".into(), Update::new().set("n", 1)).await?, &None)
}

async fn every_json_value_round_trips(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let body = json!({
        "null": null, "true": true, "false": false, "zero": 0, "negative": -1.5,
        "text": "Grüße, 世界 🌍 \"quoted\" \\ \n\t\u{1}\u{7f}\u{2028}\u{10ffff}", "empty": "",
        "list": [1, "two", null, [3, [4]], {}], "object": { "a": { "b": { "c": [] } } },
    });
    let one = document("a", body);
    store.put(c(), one.clone()).await?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(one.clone()))?;
    expect_equal("find", &store.find(c(), Query::new()).await?.documents, &vec![one])
}

async fn numbers_keep_their_kind(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let integers = [0, 1, -1, i64::MAX, i64::MIN, (1 << 53) + 1];
    let floats = [
        0.5,
        1.0,
        -2.0,
        1e300,
        -1e-300,
        f64::MIN_POSITIVE,
        0.1 + 0.2,
        1e15,
        9_007_199_254_740_993.0,
    ];
    let mut fields = BTreeMap::new();
    for (index, number) in integers.into_iter().enumerate() {
        fields.insert(format!("i{index}"), Json::Int(number));
    }
    for (index, number) in floats.into_iter().enumerate() {
        fields.insert(format!("f{index}"), Json::Float(number));
    }
    fields.insert("negative_zero".into(), Json::Float(-0.0));
    store.put(c(), Document::new("a", fields.clone())).await?;
    let found = store.get(c(), "a".into()).await?.unwrap_or_else(|| Document::new("", ()));
    fields.insert("negative_zero".into(), Json::Float(0.0));
    // Equality of `Json` is by value, so the text is compared, which shows the kind.
    expect_equal("get", &found.body.to_string(), &Json::Object(fields).to_string())
}

async fn any_characters_are_an_id(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let ids = [
        "with space",
        "line\nbreak",
        "schlüssel",
        "鍵🔑",
        "a/b.c:d{e}",
        "$x",
        "%",
        "'; --",
        "\u{7f}",
    ];
    for id in ids {
        store.insert(c(), document(id, json!({ "id": id }))).await?;
    }
    for id in ids {
        let expected = Some(document(id, json!({ "id": id })));
        expect_equal(id, &store.get(c(), id.into()).await?, &expected)?;
    }
    Ok(())
}

async fn ids_are_told_apart_exactly(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let ids = ["k", "K", "k ", " k", "kk", "\u{e9}", "e\u{301}", "1", "01"];
    for (index, id) in ids.iter().enumerate() {
        store.insert(c(), document(id, json!({ "n": index }))).await?;
    }
    expect_equal("count", &store.count(c(), Filter::All).await?, &9)?;
    expect_holds("delete", store.delete(c(), "k".into()).await?)?;
    expect_equal("the others", &store.count(c(), Filter::All).await?, &8)
}

async fn the_longest_id_fits(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for id in ["k".repeat(MAX_ID_BYTES), "é".repeat(MAX_ID_BYTES / 2)] {
        store.insert(c(), document(&id, json!({}))).await?;
        expect_holds("get", store.get(c(), id).await?.is_some())?;
    }
    Ok(())
}

async fn a_bad_id_is_invalid(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for id in [String::new(), "k".repeat(MAX_ID_BYTES + 1), "a\0b".into()] {
        expect_invalid("insert", store.insert(c(), document(&id, json!({}))).await)?;
        expect_invalid("put", store.put(c(), document(&id, json!({}))).await)?;
        expect_invalid("get", store.get(c(), id.clone()).await)?;
        expect_invalid("delete", store.delete(c(), id.clone()).await)?;
        expect_invalid("update", store.update(c(), id.clone(), Update::new()).await)?;
    }
    Ok(())
}

async fn a_bad_collection_is_invalid(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let long = "a".repeat(MAX_NAME_BYTES + 1);
    for name in ["", "1a", "_a", "-a", "a.b", "a b", "a$", "é", "aé", "a\0", "a\"; drop", &long] {
        expect_invalid(name, store.put(name.into(), document("a", json!({}))).await)?;
        expect_invalid(name, store.find(name.into(), Query::new()).await)?;
        expect_invalid(name, store.count(name.into(), Filter::All).await)?;
        expect_invalid(name, store.create_index(name.into(), Index::new("i", ["a"])).await)?;
    }
    let longest = "a".repeat(MAX_NAME_BYTES);
    store.put(longest.clone(), document("a", json!({}))).await?;
    expect_equal("the longest", &store.count(longest, Filter::All).await?, &1)
}

async fn a_body_must_be_an_object_without_id(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for body in [json!(null), json!(1), json!("x"), json!([{}]), json!({ "_id": "a" })] {
        expect_invalid("insert", store.insert(c(), document("a", body.clone())).await)?;
        expect_invalid("put", store.put(c(), document("a", body)).await)?;
    }
    expect_equal("count", &store.count(c(), Filter::All).await?, &0)?;
    // Below the top level it is a name like any other.
    store.put(c(), document("a", json!({ "x": { "_id": 1 } }))).await?;
    Ok(())
}

async fn nul_and_non_finite_numbers_are_invalid(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for body in [json!({ "x": "a\0b" }), json!({ "a\0b": 1 }), json!({ "x": [{ "y": "\0" }] })] {
        expect_invalid("NUL", store.put(c(), document("a", body)).await)?;
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        expect_invalid(
            "number",
            store.put(c(), Document::new("a", Json::object([("x", number)]))).await,
        )?;
        let update = Update::new().set("x", number);
        expect_invalid("update", store.update(c(), "a".into(), update).await)?;
        expect_invalid("filter", store.count(c(), Filter::eq("x", number)).await)?;
    }
    Ok(())
}

fn nested(levels: usize) -> Json {
    (1..levels)
        .fold(Json::object::<_, Json>([("x", Json::Null)]), |inner, _| Json::object([("x", inner)]))
}

async fn depth_is_bounded(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let deepest = Document::new("a", nested(MAX_DEPTH));
    store.put(c(), deepest.clone()).await?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(deepest))?;
    expect_invalid("put", store.put(c(), Document::new("b", nested(MAX_DEPTH + 1))).await)?;
    let update = Update::new().set("x", nested(MAX_DEPTH));
    expect_invalid("an update that makes it deeper", store.update(c(), "a".into(), update).await)?;
    let filter = (0..=MAX_DEPTH).fold(Filter::All, |inner, _| inner.not());
    expect_invalid("filter", store.count(c(), filter).await)
}

async fn size_is_bounded(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    // {"x":"…"} has 8 bytes around the text.
    let text = "x".repeat(MAX_DOCUMENT_BYTES - 8);
    let largest = Document::new("a", Json::object([("x", text.clone())]));
    store.put(c(), largest.clone()).await?;
    expect_holds("get", store.get(c(), "a".into()).await? == Some(largest))?;
    let larger = Document::new("b", Json::object([("x", text + "x")]));
    expect_invalid("put", store.put(c(), larger).await)?;
    let update = Update::new().set("y", 1);
    expect_invalid("an update that makes it larger", store.update(c(), "a".into(), update).await)?;
    expect_equal("unchanged", &store.count(c(), Filter::exists("y", true)).await?, &0)
}

async fn any_field_name_can_be_stored(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let one = document(
        "a",
        json!({ "": 1, "a.b": 2, "$set": 3, "é 鍵": 4, "x": { "$inc": { ".": 5 } }, "__proto__": 6 }),
    );
    store.put(c(), one.clone()).await?;
    expect_equal("get", &store.get(c(), "a".into()).await?, &Some(one.clone()))?;
    expect_equal(
        "a path is not a name with a dot",
        &store.count(c(), Filter::exists("a.b", true)).await?,
        &0,
    )?;
    let changed = store.update(c(), "a".into(), Update::new().set("n", 1)).await?;
    let kept = changed.map(|found| project_without(found, "n"));
    expect_equal("update", &kept, &Some(one))
}

fn project_without(mut document: Document, name: &str) -> Document {
    if let Json::Object(fields) = &mut document.body {
        fields.remove(name);
    }
    document
}

async fn concurrent_inserts_of_one_id_have_one_winner(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let store = store.clone();
            tokio::spawn(async move {
                (racer, store.insert(c(), document("a", json!({ "n": racer }))).await)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for racer in racers {
        match racer.await? {
            (racer, Ok(())) => winners.push(racer),
            (_, lost) => expect_already_exists("a loser", lost)?,
        }
    }
    expect_equal("winners", &winners.len(), &1)?;
    let winner = winners.pop().unwrap_or(-1);
    expect_equal(
        "the winner's",
        &store.get(c(), "a".into()).await?,
        &Some(document("a", json!({ "n": winner }))),
    )
}

async fn create_index_may_repeat_and_conflicts_by_name(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.create_index(c(), Index::new("by_n", ["n"])).await?;
    store.put(c(), document("a", json!({ "n": 1 }))).await?;
    store.create_index(c(), Index::new("by_n", ["n"])).await?;
    expect_already_exists("another", store.create_index(c(), Index::new("by_n", ["m"])).await)?;
    store.create_index(c(), Index::new("by_m", ["m"])).await?;
    store.create_index("others".into(), Index::new("by_n", ["m"])).await?;
    for (collection, name) in [(IN, "By_N"), (IN, "by-n"), ("Things", "by_n"), (IN, "things")] {
        store.create_index(collection.into(), Index::new(name, ["m"])).await?;
    }
    expect_equal("find", &store.count(c(), Filter::eq("n", 1)).await?, &1)
}

async fn a_bad_index_is_invalid(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    expect_invalid("name", store.create_index(c(), Index::new("By N", ["n"])).await)?;
    expect_invalid("no path", store.create_index(c(), Index::new::<String>("i", [])).await)?;
    expect_invalid("path", store.create_index(c(), Index::new("i", ["a..b"])).await)?;
    let many: Vec<_> = (0..9).map(|index| format!("p{index}")).collect();
    expect_invalid("too many", store.create_index(c(), Index::new("i", many)).await)
}

/// The same writes and questions with and without indexes made before, between and after them.
async fn an_index_changes_no_answer(stores: Factory) -> Verdict {
    let (plain, indexed) = (stores.fresh().await?, stores.fresh().await?);
    let values = [
        json!(1),
        json!(1.0),
        json!("1"),
        json!(null),
        json!(true),
        json!([1]),
        json!({ "x": 1 }),
        json!(2),
    ];
    let questions: Vec<_> = values
        .iter()
        .flat_map(|value| {
            [Filter::eq("a", value.clone()), Filter::within("b.c", [value.clone(), json!(7)])]
        })
        .chain([
            Filter::eq("a", 1).and(Filter::eq("b.c", "1")),
            Filter::eq("a", 1).or(Filter::eq("b.c", 2)),
        ])
        .collect();
    indexed.create_index(c(), Index::new("before", ["a"])).await?;
    for (i, a) in values.iter().enumerate() {
        for (j, bc) in values.iter().enumerate() {
            for store in [&plain, &indexed] {
                store
                    .put(c(), document(&format!("{i}{j}"), json!({ "a": a, "b": { "c": bc } })))
                    .await?;
            }
        }
    }
    indexed.create_index(c(), Index::new("between", ["b.c", "a"])).await?;
    for store in [&plain, &indexed] {
        store.delete(c(), "00".into()).await?;
        store.update(c(), "01".into(), Update::new().set("a", 2).unset("b")).await?;
        store.put(c(), document("02", json!({ "a": "1" }))).await?;
        store.put(c(), document("none", json!({}))).await?;
    }
    for filter in questions {
        let what = format!("{filter:?}");
        let counts =
            (plain.count(c(), filter.clone()).await?, indexed.count(c(), filter.clone()).await?);
        expect_equal(&what, &counts.1, &counts.0)?;
        let query = Query::new().filter(filter).descending("b.c").limit(5);
        expect_equal(
            &what,
            &indexed.find(c(), query.clone()).await?,
            &plain.find(c(), query).await?,
        )?;
    }
    Ok(())
}

async fn a_reopened_store_has_what_was_written(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.create_index(c(), Index::new("by_n", ["n"])).await?;
    for n in 0..20 {
        store.insert(c(), document(&format!("d{n}"), json!({ "n": n % 4 }))).await?;
    }
    store.delete(c(), "d0".into()).await?;
    store.update(c(), "d1".into(), Update::new().set("n", 9)).await?;
    let Some(store) = stores.reopen(store).await? else { return Ok(()) };
    expect_equal("count", &store.count(c(), Filter::All).await?, &19)?;
    expect_equal("deleted", &store.get(c(), "d0".into()).await?, &None)?;
    expect_equal("by index", &store.count(c(), Filter::eq("n", 1)).await?, &4)?;
    expect_equal("updated, by index", &store.count(c(), Filter::eq("n", 9)).await?, &1)?;
    expect_already_exists("the index", store.create_index(c(), Index::new("by_n", ["m"])).await)
}

async fn dropped_calls_lose_no_answered_write(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    store.create_index(c(), Index::new("by_n", ["n"])).await?;
    let mut answered = Vec::new();
    for index in 0..60u32 {
        let id = format!("k{index}");
        let write = store.insert(c(), document(&id, json!({ "n": 1 })));
        // Every other call gets less and less time, so that some are dropped at each stage.
        let time =
            Duration::from_micros(if index % 2 == 0 { 5_000_000 } else { u64::from(index) * 40 });
        if let Ok(result) = tokio::time::timeout(time, write).await {
            result?;
            answered.push(id);
        }
    }
    let all_there = |found: Vec<Option<Document>>| {
        expect_holds("answered writes are there", found.iter().all(Option::is_some))
    };
    all_there(store.get_many(c(), answered.clone()).await?)?;
    let Some(store) = stores.reopen(store).await? else { return Ok(()) };
    all_there(store.get_many(c(), answered).await?)?;
    // Wholly or not at all: what is there is in the index too.
    let counts =
        (store.count(c(), Filter::eq("n", 1)).await?, store.count(c(), Filter::All).await?);
    expect_equal("index and documents", &counts.0, &counts.1)
}
