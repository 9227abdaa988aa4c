//! Cases of the document store suite: filters, order, projections, pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_runtime::BoxFuture;
use serde_json::json;

use super::document_store::{Factory, c, document};
use super::{Verdict, cases, expect_equal, expect_holds, expect_invalid};
use crate::{Document, DocumentStore, Filter, Json, Query};

cases! { pub(super) const CASES: dyn DocumentStore = [
    equality_is_by_value_and_deep,
    a_missing_field_equals_null,
    comparisons_stay_within_a_type,
    integers_and_floats_compare_exactly,
    strings_compare_by_code_point,
    within_matches_any_of_a_list,
    exists_tells_missing_from_null,
    contains_finds_an_element,
    logic_has_two_values,
    the_id_can_be_filtered,
    paths_lead_through_objects_only,
    a_bad_filter_is_invalid,
    without_a_sort_ids_order,
    all_types_have_one_order,
    descending_is_the_reverse_with_ids_ascending,
    several_criteria_apply_in_order,
    a_projection_keeps_the_place,
    a_limit_bounds_the_page,
    pages_cover_everything_once,
    pages_are_stable_under_writes,
    pages_go_through_equal_and_mixed_values,
    a_filter_holds_across_pages,
    a_foreign_token_is_invalid,
    a_bad_query_is_invalid,
    count_is_what_find_finds,
] }

type Store = Arc<dyn DocumentStore>;

/// A store with a document `{"v": value}` for each value, named by its place: `00`, `01`, …
async fn with(stores: &Factory, values: &[Json]) -> Result<Store, super::Failure> {
    let store = stores.fresh().await?;
    for (index, value) in values.iter().enumerate() {
        store
            .insert(c(), Document::new(format!("{index:02}"), Json::object([("v", value.clone())])))
            .await?;
    }
    Ok(store)
}

fn values(list: serde_json::Value) -> Vec<Json> {
    match Json::from(list) {
        Json::Array(items) => items,
        other => vec![other],
    }
}

fn ids(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document.id.as_str()).collect()
}

/// Asserts which documents a query finds, in order.
async fn finds(store: &Store, query: Query, expected: &[&str]) -> Verdict {
    let what = format!("{query:?}");
    let page = store.find(c(), query).await?;
    expect_equal(&what, &ids(&page.documents), &expected.to_vec())
}

async fn matching(store: &Store, filter: Filter, expected: &[&str]) -> Verdict {
    finds(store, Query::new().filter(filter), expected).await
}

async fn equality_is_by_value_and_deep(stores: Factory) -> Verdict {
    let list = values(
        json!([1, 1.0, "1", true, [1, 2], [2, 1], { "a": 1, "b": 2 }, { "b": 2.0, "a": 1 }, { "a": 1 }, ""]),
    );
    let store = with(&stores, &list).await?;
    matching(&store, Filter::eq("v", 1), &["00", "01"]).await?;
    matching(&store, Filter::eq("v", 1.0), &["00", "01"]).await?;
    matching(&store, Filter::eq("v", "1"), &["02"]).await?;
    matching(&store, Filter::eq("v", true), &["03"]).await?;
    matching(&store, Filter::eq("v", json!([1, 2])), &["04"]).await?;
    matching(&store, Filter::eq("v", json!({ "b": 2, "a": 1 })), &["06", "07"]).await?;
    matching(&store, Filter::eq("v", ""), &["09"]).await?;
    matching(&store, Filter::ne("v", 1), &["02", "03", "04", "05", "06", "07", "08", "09"]).await
}

async fn a_missing_field_equals_null(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([null, 0]))).await?;
    store.put(c(), document("none", json!({}))).await?;
    matching(&store, Filter::eq("v", ()), &["00", "none"]).await?;
    matching(&store, Filter::ne("v", ()), &["01"]).await?;
    matching(&store, Filter::ne("v", 0), &["00", "none"]).await?;
    matching(&store, Filter::within("v", [Json::Null, Json::Int(7)]), &["00", "none"]).await
}

async fn comparisons_stay_within_a_type(stores: Factory) -> Verdict {
    let list = values(json!([null, -1, 0, 0.5, 10, "", "0", "a", [0], {}, false, true]));
    let store = with(&stores, &list).await?;
    matching(&store, Filter::lt("v", 0.5), &["01", "02"]).await?;
    matching(&store, Filter::lte("v", 0.5), &["01", "02", "03"]).await?;
    matching(&store, Filter::gt("v", 0), &["03", "04"]).await?;
    matching(&store, Filter::gte("v", 0), &["02", "03", "04"]).await?;
    matching(&store, Filter::gt("v", ""), &["06", "07"]).await?;
    matching(&store, Filter::lte("v", "0"), &["05", "06"]).await?;
    matching(&store, Filter::lt("v", true), &["10"]).await?;
    matching(&store, Filter::gte("v", false), &["10", "11"]).await?;
    matching(&store, Filter::gte("v", 0).and(Filter::lt("v", 10)), &["02", "03"]).await
}

async fn integers_and_floats_compare_exactly(stores: Factory) -> Verdict {
    let big = 1i64 << 53;
    let list = [
        Json::Int(big),
        Json::Int(big + 1),
        Json::Float(9_007_199_254_740_992.0),
        Json::Int(i64::MAX),
        Json::Float(1e19),
    ];
    let store = with(&stores, &list).await?;
    matching(&store, Filter::eq("v", big), &["00", "02"]).await?;
    matching(&store, Filter::eq("v", big + 1), &["01"]).await?;
    matching(&store, Filter::gt("v", 9_007_199_254_740_992.0), &["01", "03", "04"]).await?;
    matching(&store, Filter::gt("v", i64::MAX), &["04"]).await?;
    finds(&store, Query::new().ascending("v"), &["00", "02", "01", "03", "04"]).await
}

async fn strings_compare_by_code_point(stores: Factory) -> Verdict {
    // A locale would put "a" before "Z" and "é" before "z"; UTF-16 would put 😀 before the private-use character.
    let list = values(json!(["a", "Z", "z", "é", "\u{e000}", "😀", "", "aa", "10", "9"]));
    let store = with(&stores, &list).await?;
    finds(
        &store,
        Query::new().ascending("v"),
        &["06", "08", "09", "01", "00", "07", "02", "03", "04", "05"],
    )
    .await?;
    matching(&store, Filter::gt("v", "z"), &["03", "04", "05"]).await
}

async fn within_matches_any_of_a_list(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1, 2, "2", [1], 3.0]))).await?;
    matching(&store, Filter::within("v", [1, 3]), &["00", "04"]).await?;
    matching(&store, Filter::within("v", [json!([1]), json!("2")]), &["02", "03"]).await?;
    matching(&store, Filter::within::<Json>("v", []), &[]).await?;
    matching(&store, Filter::within("v", [1, 3]).not(), &["01", "02", "03"]).await
}

async fn exists_tells_missing_from_null(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([null, 0, { "w": null }]))).await?;
    store.put(c(), document("none", json!({ "u": 1 }))).await?;
    matching(&store, Filter::exists("v", true), &["00", "01", "02"]).await?;
    matching(&store, Filter::exists("v", false), &["none"]).await?;
    matching(&store, Filter::exists("v.w", true), &["02"]).await?;
    matching(&store, Filter::exists("v.w", false), &["00", "01", "none"]).await
}

async fn contains_finds_an_element(stores: Factory) -> Verdict {
    let list =
        values(json!([["a", "b"], ["ab"], "a", [["a"]], [1, null, true], [], { "a": "a" }, [1.0]]));
    let store = with(&stores, &list).await?;
    matching(&store, Filter::contains("v", "a"), &["00"]).await?;
    matching(&store, Filter::contains("v", 1), &["04", "07"]).await?;
    matching(&store, Filter::contains("v", ()), &["04"]).await?;
    matching(&store, Filter::contains("v", true), &["04"]).await?;
    matching(
        &store,
        Filter::contains("v", "a").not().and(Filter::contains("v", 1).not()),
        &["01", "02", "03", "05", "06"],
    )
    .await
}

async fn logic_has_two_values(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1, "x", null]))).await?;
    store.put(c(), document("none", json!({}))).await?;
    let all = ["00", "01", "02", "none"];
    matching(&store, Filter::And(vec![]), &all).await?;
    matching(&store, Filter::Or(vec![]), &[]).await?;
    matching(&store, Filter::Or(vec![]).not(), &all).await?;
    // What cannot be compared does not match, so its negation does.
    matching(&store, Filter::gt("v", 0).not(), &["01", "02", "none"]).await?;
    matching(&store, Filter::gt("v", 0).or(Filter::gt("v", 0).not()), &all).await?;
    matching(&store, Filter::gt("v", 0).not().not(), &["00"]).await?;
    matching(
        &store,
        Filter::eq("v", 1).or(Filter::eq("v", "x")).or(Filter::exists("v", false)),
        &["00", "01", "none"],
    )
    .await?;
    matching(&store, Filter::eq("v", 1).and(Filter::eq("v", "x")), &[]).await
}

async fn the_id_can_be_filtered(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1, 2, 3, 4]))).await?;
    matching(&store, Filter::eq("_id", "02"), &["02"]).await?;
    matching(&store, Filter::within("_id", ["00", "03", "zz"]), &["00", "03"]).await?;
    matching(&store, Filter::gte("_id", "01").and(Filter::lt("_id", "03")), &["01", "02"]).await?;
    matching(&store, Filter::exists("_id", false), &[]).await?;
    finds(&store, Query::new().descending("_id"), &["03", "02", "01", "00"]).await
}

async fn paths_lead_through_objects_only(stores: Factory) -> Verdict {
    let list = values(
        json!([{ "w": { "x": 1 } }, [{ "w": { "x": 1 } }], { "w": [{ "x": 1 }] }, { "w": 1 }, { "w": null }, [1, 2]]),
    );
    let store = with(&stores, &list).await?;
    matching(&store, Filter::eq("v.w.x", 1), &["00"]).await?;
    matching(&store, Filter::exists("v.0", true), &[]).await?;
    // An array is not its elements.
    matching(&store, Filter::eq("v", 1), &[]).await?;
    matching(&store, Filter::eq("v.w.x", ()), &["01", "02", "03", "04", "05"]).await
}

async fn a_bad_filter_is_invalid(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1]))).await?;
    let long = "p".repeat(513);
    for path in ["", ".", "a.", ".a", "a..b", "a\0", "_id.x", &long] {
        expect_invalid(path, store.count(c(), Filter::eq(path, 1)).await)?;
        expect_invalid(path, store.count(c(), Filter::exists(path, true).not()).await)?;
    }
    for operand in [json!(null), json!([1]), json!({})] {
        expect_invalid("lt", store.count(c(), Filter::lt("v", operand.clone())).await)?;
        expect_invalid(
            "gte",
            store.find(c(), Query::new().filter(Filter::gte("v", operand))).await,
        )?;
    }
    expect_invalid("contains", store.count(c(), Filter::contains("v", json!([1]))).await)?;
    expect_invalid("contains", store.count(c(), Filter::contains("v", json!({}))).await)
}

async fn without_a_sort_ids_order(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for id in ["b", "a10", "B", "a9", "é", "a", "😀", "\u{e000}"] {
        store.insert(c(), document(id, json!({}))).await?;
    }
    finds(&store, Query::new(), &["B", "a", "a10", "a9", "b", "é", "\u{e000}", "😀"]).await
}

async fn all_types_have_one_order(stores: Factory) -> Verdict {
    let list = values(json!([true, [], "b", 2, { "a": 1 }, null, false, 1.5, "a", [9], {}, -3]));
    let store = with(&stores, &list).await?;
    store.put(c(), document("none", json!({}))).await?;
    // null and missing, numbers, strings, objects, arrays, bools; equals by id.
    let order = ["05", "none", "11", "07", "03", "08", "02", "04", "10", "01", "09", "06", "00"];
    finds(&store, Query::new().ascending("v"), &order).await
}

async fn descending_is_the_reverse_with_ids_ascending(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1, 2, 1, null, "x", 2]))).await?;
    finds(&store, Query::new().descending("v"), &["04", "01", "05", "00", "02", "03"]).await
}

async fn several_criteria_apply_in_order(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for (id, city, stars) in
        [("a", "Oslo", 3), ("b", "Bern", 5), ("c", "Oslo", 5), ("d", "Bern", 1), ("e", "Oslo", 5)]
    {
        store.insert(c(), document(id, json!({ "at": { "city": city }, "stars": stars }))).await?;
    }
    let query = Query::new().ascending("at.city").descending("stars");
    finds(&store, query, &["b", "d", "c", "e", "a"]).await?;
    finds(&store, Query::new().descending("stars").descending("_id"), &["e", "c", "b", "a", "d"])
        .await
}

async fn a_projection_keeps_the_place(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    let body = json!({ "a": { "b": 1, "c": [2, { "d": 3 }] }, "e": null, "f": "x" });
    store.put(c(), document("1", body.clone())).await?;
    let cases = [
        (vec!["f"], json!({ "f": "x" })),
        (vec!["a.b", "e"], json!({ "a": { "b": 1 }, "e": null })),
        (vec!["a.c", "a"], json!({ "a": { "b": 1, "c": [2, { "d": 3 }] } })),
        (vec!["a.c.d", "f.g", "nothing"], json!({})),
        (vec![], body),
    ];
    for (fields, expected) in cases {
        let page = store.find(c(), Query::new().fields(fields.clone())).await?;
        expect_equal(&format!("{fields:?}"), &page.documents, &vec![document("1", expected)])?;
    }
    // What is left out still sorts and filters.
    store.put(c(), document("0", json!({ "f": "y" }))).await?;
    let query = Query::new().filter(Filter::exists("f", true)).ascending("f").fields(["e"]);
    finds(&store, query, &["1", "0"]).await
}

async fn a_limit_bounds_the_page(stores: Factory) -> Verdict {
    let store = with(&stores, &vec![Json::Int(1); 5]).await?;
    for (limit, length, more) in
        [(1, 1, true), (4, 4, true), (5, 5, false), (6, 5, false), (0, 5, false), (1000, 5, false)]
    {
        for query in [Query::new(), Query::new().ascending("v")] {
            let page = store.find(c(), query.limit(limit)).await?;
            expect_equal("length", &page.documents.len(), &length)?;
            expect_equal("next", &page.next.is_some(), &more)?;
        }
    }
    for index in 5..120 {
        store.insert(c(), document(&format!("x{index}"), json!({}))).await?;
    }
    expect_equal("the default", &store.find(c(), Query::new()).await?.documents.len(), &100)
}

/// Nothing between pages.
fn quiet() -> BoxFuture<'static, Verdict> {
    Box::pin(std::future::ready(Ok(())))
}

/// Every id of a query, page by page; `between` runs after each page but the last.
async fn walk(
    store: &Store,
    query: &Query,
    mut between: impl FnMut(i64) -> BoxFuture<'static, Verdict> + Send,
) -> Result<Vec<String>, super::Failure> {
    let mut found = Vec::new();
    let mut query = query.clone();
    for step in 0..1000 {
        let page = store.find(c(), query.clone()).await?;
        found.extend(page.documents.into_iter().map(|document| document.id));
        let Some(next) = page.next else { return Ok(found) };
        between(step).await?;
        query = query.after(Some(next));
    }
    Err(super::Failure::new("the pages do not end"))
}

async fn pages_cover_everything_once(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for index in 0..40 {
        store.insert(c(), document(&format!("{index:02}"), json!({ "n": index * 7 % 5 }))).await?;
    }
    for sorted in [
        Query::new(),
        Query::new().ascending("n"),
        Query::new().descending("n"),
        Query::new().descending("_id"),
    ] {
        let whole = store.find(c(), sorted.clone()).await?;
        let whole: Vec<_> = ids(&whole.documents).into_iter().map(str::to_owned).collect();
        for limit in [1, 7, 20, 40] {
            let pages = walk(&store, &sorted.clone().limit(limit), |_| quiet()).await?;
            expect_equal(&format!("{sorted:?} by {limit}"), &pages, &whole)?;
        }
    }
    Ok(())
}

async fn pages_are_stable_under_writes(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for index in 0..30 {
        store.insert(c(), document(&format!("{index:02}"), json!({ "n": index / 3 }))).await?;
    }
    let query = Query::new().ascending("n").limit(4);
    let writes = |step: i64| -> BoxFuture<'static, Verdict> {
        let store = store.clone();
        Box::pin(async move {
            // Inserts before and behind the position and among equals, and deletes: each would shift pages that are found by counting.
            store.insert(c(), document(&format!("00-{step}"), json!({ "n": -1 }))).await?;
            store.insert(c(), document(&format!("29-{step}"), json!({ "n": 9 }))).await?;
            store.delete(c(), format!("{step:02}")).await?;
            let update = crate::Update::new().set("other", step);
            store.update(c(), "29".into(), update).await?;
            Ok(())
        })
    };
    let pages = walk(&store, &query, writes).await?;
    let distinct: BTreeSet<_> = pages.iter().collect();
    expect_equal("nothing twice", &pages.len(), &distinct.len())?;
    let stayed = (8..30).map(|index| format!("{index:02}"));
    let missed: Vec<_> = stayed.filter(|id| !distinct.contains(id)).collect();
    expect_equal("nothing missed", &missed, &Vec::new())
}

async fn pages_go_through_equal_and_mixed_values(stores: Factory) -> Verdict {
    let list = values(
        json!([null, 1, "x", [1], { "a": 1 }, true, [2], { "b": 1 }, 1.0, "x", null, 9_007_199_254_740_993_i64, 0.1]),
    );
    let store = with(&stores, &list).await?;
    store.put(c(), document("none", json!({}))).await?;
    for query in [Query::new().ascending("v"), Query::new().descending("v")] {
        let whole = store.find(c(), query.clone()).await?;
        let whole: Vec<_> = ids(&whole.documents).into_iter().map(str::to_owned).collect();
        expect_equal("all", &whole.len(), &14)?;
        for limit in 1..=3 {
            expect_equal(
                "pages",
                &walk(&store, &query.clone().limit(limit), |_| quiet()).await?,
                &whole,
            )?;
        }
    }
    Ok(())
}

async fn a_filter_holds_across_pages(stores: Factory) -> Verdict {
    let store = stores.fresh().await?;
    for index in 0..30 {
        store.insert(c(), document(&format!("{index:02}"), json!({ "n": index }))).await?;
    }
    let filter = Filter::gte("n", 10).and(Filter::ne("n", 15));
    let query = Query::new().filter(filter).descending("n").limit(3);
    let expected: Vec<_> =
        (10..30).rev().filter(|index| *index != 15).map(|index| format!("{index:02}")).collect();
    expect_equal("pages", &walk(&store, &query, |_| quiet()).await?, &expected)
}

async fn a_foreign_token_is_invalid(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1, 2, 3]))).await?;
    let page = store.find(c(), Query::new().ascending("v").limit(1)).await?;
    expect_holds("there is more", page.next.is_some())?;
    for other in [
        Query::new(),
        Query::new().descending("v"),
        Query::new().ascending("w"),
        Query::new().ascending("v").ascending("w"),
    ] {
        expect_invalid("another sort", store.find(c(), other.after(page.next.clone())).await)?;
    }
    for token in ["", "x", "!!!", "W10", "bnVsbA"] {
        expect_invalid(token, store.find(c(), Query::new().after(Some(token.into()))).await)?;
    }
    Ok(())
}

async fn a_bad_query_is_invalid(stores: Factory) -> Verdict {
    let store = with(&stores, &values(json!([1]))).await?;
    expect_invalid("limit", store.find(c(), Query::new().limit(1001)).await)?;
    expect_invalid("sort", store.find(c(), Query::new().ascending("a..b")).await)?;
    expect_invalid("fields", store.find(c(), Query::new().fields([""])).await)?;
    expect_invalid("the id as a field", store.find(c(), Query::new().fields(["_id"])).await)
}

async fn count_is_what_find_finds(stores: Factory) -> Verdict {
    let list = values(json!([1, 2, 3, "x", null, [1]]));
    let store = with(&stores, &list).await?;
    for filter in [
        Filter::All,
        Filter::gt("v", 1),
        Filter::eq("v", 99),
        Filter::contains("v", 1),
        Filter::gt("v", 1).not(),
    ] {
        let page = store.find(c(), Query::new().filter(filter.clone())).await?;
        let what = format!("{filter:?}");
        expect_equal(&what, &store.count(c(), filter).await?, &(page.documents.len() as u64))?;
    }
    Ok(())
}
