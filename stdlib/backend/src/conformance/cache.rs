//! Cases of the cache suite.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{
    StoreFactory, Verdict, cases, expect_equal, expect_holds, expect_invalid, expect_wrong_type,
};
use crate::{Cache, MAX_KEY_BYTES, MAX_TTL, MAX_VALUE_BYTES};

type Factory = Arc<dyn StoreFactory<dyn Cache>>;

cases! { pub(super) const CASES: dyn Cache = [
    a_missing_key_answers_none,
    what_was_put_is_got,
    put_replaces_value_and_expiry,
    delete_makes_missing_and_may_repeat,
    get_many_answers_in_order,
    get_many_of_nothing_is_nothing,
    empty_values_are_values,
    any_bytes_are_a_value,
    any_characters_are_a_key,
    keys_are_told_apart_exactly,
    the_longest_key_fits,
    a_longer_or_empty_key_is_invalid,
    the_largest_value_fits,
    a_larger_value_is_invalid,
    a_time_to_live_out_of_range_is_invalid,
    an_entry_expires_and_not_early,
    an_entry_without_time_stays,
    expired_entries_are_missing_for_every_method,
    put_if_absent_stores_once,
    put_if_compares_bytes,
    put_if_against_a_missing_key_fails,
    put_if_gives_the_expiry,
    put_if_races_have_one_winner,
    compare_and_set_loses_no_update,
    increment_starts_at_zero,
    increment_goes_below_zero_and_back,
    increment_and_put_share_the_decimal_text,
    increment_of_another_value_is_a_wrong_type,
    increment_beyond_the_range_changes_nothing,
    increment_keeps_the_expiry,
    concurrent_increments_all_count,
    stores_are_apart,
    many_entries_are_held,
    a_reopened_store_has_what_was_put,
    a_reopened_store_goes_on_counting_time,
    dropped_calls_lose_no_answered_write,
] }

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn key(name: &str) -> String {
    name.to_owned()
}

/// A time to live that is long enough for the steps of a case on a slow machine.
const LIFE: Duration = Duration::from_secs(6);

async fn a_missing_key_answers_none(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_equal("get", &cache.get(key("k")).await?, &None)
}

async fn what_was_put_is_got(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), None).await?;
    expect_equal("get", &cache.get(key("k")).await?, &Some(bytes("v")))?;
    expect_equal("get again", &cache.get(key("k")).await?, &Some(bytes("v")))
}

async fn put_replaces_value_and_expiry(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("longer value"), Some(LIFE)).await?;
    cache.put(key("k"), bytes("v"), None).await?;
    expect_equal("get", &cache.get(key("k")).await?, &Some(bytes("v")))?;
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("get past the first expiry", &cache.get(key("k")).await?, &Some(bytes("v")))
}

async fn delete_makes_missing_and_may_repeat(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), None).await?;
    cache.put(key("other"), bytes("w"), None).await?;
    cache.delete(key("k")).await?;
    expect_equal("get", &cache.get(key("k")).await?, &None)?;
    cache.delete(key("k")).await?;
    expect_equal("another key", &cache.get(key("other")).await?, &Some(bytes("w")))
}

async fn get_many_answers_in_order(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("a"), bytes("1"), None).await?;
    cache.put(key("b"), bytes("2"), None).await?;
    let answers = cache.get_many(vec![key("b"), key("none"), key("a"), key("b")]).await?;
    expect_equal(
        "get_many",
        &answers,
        &vec![Some(bytes("2")), None, Some(bytes("1")), Some(bytes("2"))],
    )?;
    expect_invalid("a bad key among good ones", cache.get_many(vec![key("a"), key("")]).await)
}

async fn get_many_of_nothing_is_nothing(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_equal("get_many", &cache.get_many(Vec::new()).await?, &Vec::new())
}

async fn empty_values_are_values(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), Bytes::new(), None).await?;
    expect_equal("get", &cache.get(key("k")).await?, &Some(Bytes::new()))?;
    expect_holds("absent is not empty", !cache.put_if(key("k"), None, bytes("v"), None).await?)?;
    expect_holds(
        "empty is empty",
        cache.put_if(key("k"), Some(Bytes::new()), bytes("v"), None).await?,
    )
}

async fn any_bytes_are_a_value(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let value: Bytes = (0..=255u8).chain(*b"\r\nEND\r\n").collect();
    cache.put(key("k"), value.clone(), None).await?;
    expect_equal("get", &cache.get(key("k")).await?, &Some(value.clone()))?;
    expect_holds("compares", cache.put_if(key("k"), Some(value), bytes("v"), None).await?)
}

async fn any_characters_are_a_key(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let keys =
        ["with space", "line\r\nbreak", "nul\0", "schlüssel", "鍵🔑", "a:b/c{d}", "*", "\u{7f}"];
    for name in keys {
        cache.put(key(name), bytes(name), None).await?;
    }
    let answers = cache.get_many(keys.map(key).to_vec()).await?;
    expect_equal("get_many", &answers, &keys.map(|name| Some(bytes(name))).to_vec())
}

async fn keys_are_told_apart_exactly(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    // The last two look alike and differ: composed and decomposed.
    let keys = ["k", "K", "k ", " k", "k\0", "kk", "\u{e9}", "e\u{301}"];
    for (index, name) in keys.iter().enumerate() {
        cache.put(key(name), Bytes::from(index.to_string()), None).await?;
    }
    for (index, name) in keys.iter().enumerate() {
        expect_equal(name, &cache.get(key(name)).await?, &Some(Bytes::from(index.to_string())))?;
    }
    Ok(())
}

async fn the_longest_key_fits(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let (ascii, wide) = ("k".repeat(MAX_KEY_BYTES), "é".repeat(MAX_KEY_BYTES / 2));
    cache.put(ascii.clone(), bytes("a"), None).await?;
    cache.put(wide.clone(), bytes("w"), None).await?;
    expect_equal("ascii", &cache.get(ascii).await?, &Some(bytes("a")))?;
    expect_equal("wide", &cache.get(wide).await?, &Some(bytes("w")))
}

async fn a_longer_or_empty_key_is_invalid(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    for bad in [String::new(), "k".repeat(MAX_KEY_BYTES + 1), "é".repeat(MAX_KEY_BYTES / 2 + 1)] {
        expect_invalid("get", cache.get(bad.clone()).await)?;
        expect_invalid("put", cache.put(bad.clone(), bytes("v"), None).await)?;
        expect_invalid("delete", cache.delete(bad.clone()).await)?;
        expect_invalid("put_if", cache.put_if(bad.clone(), None, bytes("v"), None).await)?;
        expect_invalid("increment", cache.increment(bad.clone(), 1, None).await)?;
    }
    Ok(())
}

async fn the_largest_value_fits(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let value = Bytes::from(vec![7; MAX_VALUE_BYTES]);
    cache.put(key("k"), value.clone(), None).await?;
    expect_holds("get", cache.get(key("k")).await? == Some(value))
}

async fn a_larger_value_is_invalid(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), None).await?;
    let value = Bytes::from(vec![7; MAX_VALUE_BYTES + 1]);
    expect_invalid("put", cache.put(key("k"), value.clone(), None).await)?;
    expect_invalid("put_if", cache.put_if(key("k"), Some(bytes("v")), value, None).await)?;
    expect_equal("get", &cache.get(key("k")).await?, &Some(bytes("v")))
}

async fn a_time_to_live_out_of_range_is_invalid(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    for ttl in [Duration::ZERO, MAX_TTL + Duration::from_nanos(1), Duration::MAX] {
        expect_invalid("put", cache.put(key("k"), bytes("v"), Some(ttl)).await)?;
        expect_invalid("put_if", cache.put_if(key("k"), None, bytes("v"), Some(ttl)).await)?;
        expect_invalid("increment", cache.increment(key("k"), 1, Some(ttl)).await)?;
    }
    expect_equal("get", &cache.get(key("k")).await?, &None)?;
    cache.put(key("k"), bytes("v"), Some(MAX_TTL)).await?;
    expect_equal("the longest", &cache.get(key("k")).await?, &Some(bytes("v")))?;
    cache.put(key("n"), bytes("v"), Some(Duration::from_nanos(1))).await?;
    stores.pass(stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("the shortest", &cache.get(key("n")).await?, &None)
}

async fn an_entry_expires_and_not_early(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), Some(LIFE)).await?;
    stores.pass(LIFE / 4).await;
    expect_equal("before", &cache.get(key("k")).await?, &Some(bytes("v")))?;
    stores.pass(LIFE * 3 / 4 + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("after", &cache.get(key("k")).await?, &None)
}

async fn an_entry_without_time_stays(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), None).await?;
    stores.pass(LIFE).await;
    expect_equal("get", &cache.get(key("k")).await?, &Some(bytes("v")))
}

async fn expired_entries_are_missing_for_every_method(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let soon = Some(Duration::from_millis(20));
    for name in ["get", "compare", "absent", "count"] {
        cache.put(key(name), bytes("7"), soon).await?;
    }
    stores.pass(Duration::from_millis(80) + stores.granularity()).await;
    let answers = cache.get_many(vec![key("get"), key("compare")]).await?;
    expect_equal("get_many", &answers, &vec![None, None])?;
    expect_holds(
        "compare",
        !cache.put_if(key("compare"), Some(bytes("7")), bytes("8"), None).await?,
    )?;
    expect_holds("absent", cache.put_if(key("absent"), None, bytes("8"), None).await?)?;
    expect_equal("increment", &cache.increment(key("count"), 1, None).await?, &1)
}

async fn put_if_absent_stores_once(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_holds("first", cache.put_if(key("k"), None, bytes("1"), None).await?)?;
    expect_holds("second", !cache.put_if(key("k"), None, bytes("2"), None).await?)?;
    expect_equal("get", &cache.get(key("k")).await?, &Some(bytes("1")))?;
    cache.delete(key("k")).await?;
    expect_holds("after delete", cache.put_if(key("k"), None, bytes("3"), None).await?)
}

async fn put_if_compares_bytes(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("one"), None).await?;
    for near in ["on", "one ", "One", ""] {
        expect_holds(near, !cache.put_if(key("k"), Some(bytes(near)), bytes("two"), None).await?)?;
    }
    expect_equal("unchanged", &cache.get(key("k")).await?, &Some(bytes("one")))?;
    expect_holds("equal", cache.put_if(key("k"), Some(bytes("one")), bytes("two"), None).await?)?;
    expect_equal("changed", &cache.get(key("k")).await?, &Some(bytes("two")))
}

async fn put_if_against_a_missing_key_fails(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_holds("put_if", !cache.put_if(key("k"), Some(bytes("v")), bytes("w"), None).await?)?;
    expect_equal("get", &cache.get(key("k")).await?, &None)
}

async fn put_if_gives_the_expiry(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("gone"), bytes("1"), None).await?;
    cache.put(key("stays"), bytes("1"), Some(LIFE)).await?;
    cache.put_if(key("gone"), Some(bytes("1")), bytes("2"), Some(LIFE)).await?;
    cache.put_if(key("stays"), Some(bytes("1")), bytes("2"), None).await?;
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("gone", &cache.get(key("gone")).await?, &None)?;
    expect_equal("stays", &cache.get(key("stays")).await?, &Some(bytes("2")))
}

async fn put_if_races_have_one_winner(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    for round in 0..5 {
        let name = format!("k{round}");
        let racers = (0..8).map(|racer| {
            let (cache, name) = (cache.clone(), name.clone());
            tokio::spawn(async move {
                let mine = Bytes::from(racer.to_string());
                cache.put_if(name, None, mine.clone(), None).await.map(|won| won.then_some(mine))
            })
        });
        let racers: Vec<_> = racers.collect();
        let mut winners = Vec::new();
        for racer in racers {
            winners.extend(racer.await??);
        }
        expect_equal("winners", &winners.len(), &1)?;
        expect_equal("the winner's value", &cache.get(name).await?, &winners.pop())?;
    }
    Ok(())
}

async fn compare_and_set_loses_no_update(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("set"), Bytes::new(), None).await?;
    let writers: Vec<_> = (0..6u8)
        .map(|writer| {
            let cache = cache.clone();
            tokio::spawn(async move {
                for step in 0..5u8 {
                    loop {
                        let old = cache.get(key("set")).await?;
                        let mut new = old.clone().unwrap_or_default().to_vec();
                        new.push(writer * 10 + step);
                        if cache.put_if(key("set"), old, new.into(), None).await? {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                }
                Ok::<_, crate::BackendError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    let all = cache.get(key("set")).await?.unwrap_or_default();
    expect_equal("updates", &all.len(), &30)?;
    expect_equal("distinct updates", &all.iter().collect::<BTreeSet<_>>().len(), &30)
}

async fn increment_starts_at_zero(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_equal("first", &cache.increment(key("k"), 5, None).await?, &5)?;
    expect_equal("second", &cache.increment(key("k"), 2, None).await?, &7)?;
    expect_equal("by nothing", &cache.increment(key("k"), 0, None).await?, &7)?;
    expect_equal("by nothing, missing", &cache.increment(key("z"), 0, None).await?, &0)?;
    expect_equal("stored", &cache.get(key("z")).await?, &Some(bytes("0")))
}

async fn increment_goes_below_zero_and_back(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_equal("down", &cache.increment(key("k"), -3, None).await?, &-3)?;
    expect_equal("text", &cache.get(key("k")).await?, &Some(bytes("-3")))?;
    expect_equal("up", &cache.increment(key("k"), 103, None).await?, &100)?;
    expect_equal("a digit less", &cache.increment(key("k"), -1, None).await?, &99)?;
    expect_equal("its text", &cache.get(key("k")).await?, &Some(bytes("99")))
}

async fn increment_and_put_share_the_decimal_text(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("41"), None).await?;
    expect_equal("sum", &cache.increment(key("k"), 1, None).await?, &42)?;
    expect_holds("compare", cache.put_if(key("k"), Some(bytes("42")), bytes("-9"), None).await?)?;
    expect_equal("negative seed", &cache.increment(key("k"), 4, None).await?, &-5)
}

async fn increment_of_another_value_is_a_wrong_type(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    for text in ["", "x", "1.5", " 1", "1 ", "+1", "01", "-0", "9223372036854775808"] {
        cache.put(key("k"), bytes(text), None).await?;
        expect_wrong_type(text, cache.increment(key("k"), 1, None).await)?;
        expect_equal("unchanged", &cache.get(key("k")).await?, &Some(bytes(text)))?;
    }
    cache.put(key("k"), Bytes::from_static(&[0xff, 0xfe]), None).await?;
    expect_wrong_type("no text", cache.increment(key("k"), 1, None).await)
}

async fn increment_beyond_the_range_changes_nothing(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    expect_equal("most", &cache.increment(key("k"), i64::MAX, None).await?, &i64::MAX)?;
    expect_invalid("above", cache.increment(key("k"), 1, None).await)?;
    expect_equal("unchanged", &cache.increment(key("k"), 0, None).await?, &i64::MAX)?;
    expect_equal("least", &cache.increment(key("l"), i64::MIN, None).await?, &i64::MIN)?;
    expect_invalid("below", cache.increment(key("l"), -1, None).await)?;
    expect_equal("exact", &cache.increment(key("l"), i64::MAX, None).await?, &-1)
}

async fn increment_keeps_the_expiry(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.increment(key("gone"), 1, Some(LIFE)).await?;
    cache.increment(key("stays"), 1, None).await?;
    stores.pass(LIFE / 4).await;
    expect_equal("gone, early", &cache.increment(key("gone"), 1, None).await?, &2)?;
    expect_equal("stays, early", &cache.increment(key("stays"), 1, Some(LIFE / 2)).await?, &2)?;
    stores.pass(LIFE * 3 / 4 + stores.granularity() * 2 + Duration::from_millis(50)).await;
    expect_equal("gone", &cache.get(key("gone")).await?, &None)?;
    expect_equal("stays", &cache.get(key("stays")).await?, &Some(bytes("2")))
}

async fn concurrent_increments_all_count(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let mut sums = Vec::new();
                for _ in 0..25 {
                    sums.push(cache.increment(key("n"), 1, None).await?);
                }
                Ok::<_, crate::BackendError>(sums)
            })
        })
        .collect();
    let mut sums = BTreeSet::new();
    for task in tasks {
        sums.extend(task.await??);
    }
    expect_equal("distinct sums", &sums, &(1..=200).collect())
}

async fn stores_are_apart(stores: Factory) -> Verdict {
    let (one, two) = (stores.fresh().await?, stores.fresh().await?);
    one.put(key("k"), bytes("1"), None).await?;
    expect_equal("the other", &two.get(key("k")).await?, &None)?;
    two.delete(key("k")).await?;
    two.increment(key("k"), 5, None).await?;
    expect_equal("the first", &one.get(key("k")).await?, &Some(bytes("1")))
}

async fn many_entries_are_held(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let keys: Vec<_> = (0..500).map(|index| format!("key-{index}")).collect();
    let writes: Vec<_> = keys
        .iter()
        .map(|name| {
            let (cache, name) = (cache.clone(), name.clone());
            tokio::spawn(async move { cache.put(name.clone(), Bytes::from(name), None).await })
        })
        .collect();
    for write in writes {
        write.await??;
    }
    let expected: Vec<_> = keys.iter().map(|name| Some(bytes(name))).collect();
    expect_equal("get_many", &cache.get_many(keys).await?, &expected)
}

async fn a_reopened_store_has_what_was_put(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), None).await?;
    cache.put(key("gone"), bytes("v"), None).await?;
    cache.delete(key("gone")).await?;
    cache.increment(key("n"), 7, None).await?;
    let Some(cache) = stores.reopen(cache).await? else { return Ok(()) };
    let answers = cache.get_many(vec![key("k"), key("gone"), key("n")]).await?;
    expect_equal("get_many", &answers, &vec![Some(bytes("v")), None, Some(bytes("7"))])
}

async fn a_reopened_store_goes_on_counting_time(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    cache.put(key("k"), bytes("v"), Some(LIFE)).await?;
    let Some(cache) = stores.reopen(cache).await? else { return Ok(()) };
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("get", &cache.get(key("k")).await?, &None)
}

async fn dropped_calls_lose_no_answered_write(stores: Factory) -> Verdict {
    let cache = stores.fresh().await?;
    let mut answered = Vec::new();
    for index in 0..60u32 {
        let name = format!("k{index}");
        let write = cache.put(name.clone(), bytes("v"), None);
        // Every other call gets less and less time, so that some are dropped at each stage.
        let time =
            Duration::from_micros(if index % 2 == 0 { 1_000_000 } else { u64::from(index) * 40 });
        if let Ok(result) = tokio::time::timeout(time, write).await {
            result?;
            answered.push(name);
        }
    }
    let answers = cache.get_many(answered.clone()).await?;
    expect_holds("answered writes are there", answers.iter().all(Option::is_some))?;
    let Some(cache) = stores.reopen(cache).await? else { return Ok(()) };
    let answers = cache.get_many(answered).await?;
    expect_holds("answered writes are there after reopening", answers.iter().all(Option::is_some))
}
