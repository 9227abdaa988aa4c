//! What an order of ten fields with a list of twenty lines costs, beside prost, in turns: `cargo bench -p bp-data`.

#![expect(clippy::print_stdout, reason = "the result is for people")]
#![expect(clippy::expect_used, reason = "a broken benchmark may stop")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bp_data::{Codec, decode, encode};
use bp_macros::Data;
use prost::Message;

#[derive(Clone, PartialEq, Data, Message)]
#[data(crate = ::bp_data)]
struct Line {
    #[prost(string, tag = "1")]
    sku: String,
    #[prost(uint32, tag = "2")]
    quantity: u32,
    #[prost(double, tag = "3")]
    price: f64,
}

#[derive(Clone, PartialEq, Data, Message)]
#[data(crate = ::bp_data)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    user: String,
    #[prost(uint64, tag = "3")]
    number: u64,
    #[prost(sint64, tag = "4")]
    placed: i64,
    #[prost(bool, tag = "5")]
    gift: bool,
    #[prost(double, tag = "6")]
    total: f64,
    #[prost(string, optional, tag = "7")]
    note: Option<String>,
    #[prost(uint32, repeated, tag = "8")]
    coupons: Vec<u32>,
    #[prost(message, repeated, tag = "9")]
    lines: Vec<Line>,
    #[prost(bytes = "vec", tag = "10")]
    signature: Vec<u8>,
}

const TURNS: u32 = 200;
const CALLS: u32 = 100;

fn main() {
    let line = Line { sku: "tea-earl-grey".into(), quantity: 3, price: 4.25 };
    let order = Order {
        id: "order-4711".into(),
        user: "ada".into(),
        number: 4711,
        placed: 1_700_000_000,
        gift: true,
        total: 255.0,
        note: Some("by the window".into()),
        coupons: vec![1, 2, 300],
        lines: vec![line; 20],
        signature: vec![7; 32],
    };
    let ours = encode(Codec::Protobuf, &order);
    let text = encode(Codec::Json, &order);
    let theirs = order.encode_to_vec();
    let cases: [(&str, &dyn Fn()); 6] = [
        ("encode protobuf", &|| drop(black_box(encode(Codec::Protobuf, black_box(&order))))),
        ("encode prost", &|| drop(black_box(black_box(&order).encode_to_vec()))),
        ("encode JSON", &|| drop(black_box(encode(Codec::Json, black_box(&order))))),
        ("decode protobuf", &|| {
            drop(black_box(decode::<Order>(Codec::Protobuf, black_box(&ours)).expect("an order")));
        }),
        ("decode prost", &|| {
            drop(black_box(Order::decode(black_box(&*theirs)).expect("an order")));
        }),
        ("decode JSON", &|| {
            drop(black_box(decode::<Order>(Codec::Json, black_box(&text)).expect("an order")));
        }),
    ];
    let mut best = [Duration::MAX; 6];
    for _ in 0..TURNS {
        for ((_, call), best) in cases.iter().zip(&mut best) {
            let start = Instant::now();
            for _ in 0..CALLS {
                call();
            }
            *best = start.elapsed().min(*best);
        }
    }
    for ((name, _), best) in cases.iter().zip(best) {
        println!("{name:16} {:>7} ns", best.as_nanos() / u128::from(CALLS));
    }
}
