//! Settings of plugins: how they are declared, what a plan says of them, and how their values are read.
//!
//! A plugin declares its settings as one type, in a file that both of its halves compile:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::time::Duration;
//!
//! use bp_contract::setting::{Faults, PerMethod, Ratio, Secret, Settings, Size, Validate};
//! use bp_contract::store::StoreLimits;
//!
//! /// Calls a service that counts.
//! #[derive(Debug, Settings)]
//! #[settings(shorthand = "after", validate)]
//! struct Counter {
//!     /// How long to wait.
//!     #[setting(default = "10ms", range = "1ms"..="1h", tunable)]
//!     after: Duration,
//!     /// Most waits; any number if it is absent.
//!     #[setting(range = 1..=10)]
//!     most: Option<u32>,
//!     /// Where it counts.
//!     #[setting(required, example = "[\"eu\"]", renamed_from = "zones")]
//!     regions: Vec<String>,
//!     /// The share of calls, by region.
//!     shares: BTreeMap<String, Ratio>,
//!     /// Largest reply, by method of the callee.
//!     replies: PerMethod<Size>,
//!     /// The key, which a wiring writes as a reference.
//!     key: Option<Secret>,
//!     /// In which order; `bp` itself reads it, so it is never a reference.
//!     #[setting(default = "first_in", fixed)]
//!     order: Order,
//!     /// How the wait grows; it does not if this is absent.
//!     growth: Option<Growth>,
//!     // These stand in the same table: `pool`, `timeout`, …
//!     #[setting(flatten)]
//!     limits: StoreLimits,
//!     /// How many calls may be under way: `limit = "off"`, `limit = { algorithm = "fixed", calls = 3 }`.
//!     limit: Limit,
//! }
//!
//! #[derive(Debug, Clone, Copy, Settings)]
//! enum Order {
//!     FirstIn,
//!     LastIn,
//! }
//!
//! /// How the wait grows.
//! #[derive(Debug, Settings)]
//! struct Growth {
//!     /// By which factor.
//!     #[setting(default = 2, range = 1..=10)]
//!     factor: f64,
//! }
//!
//! /// How the limit is found.
//! #[derive(Debug, Settings)]
//! #[settings(tag = "algorithm", default = "vegas")]
//! enum Limit {
//!     Vegas(Vegas),
//!     Fixed {
//!         /// How many.
//!         calls: u32,
//!     },
//!     Off,
//! }
//!
//! #[derive(Debug, Settings)]
//! struct Vegas {
//!     /// Fewest.
//!     #[setting(default = 1, tunable)]
//!     least: u32,
//! }
//!
//! impl Validate for Counter {
//!     fn validate(&self, faults: &mut Faults) {
//!         if self.growth.as_ref().is_some_and(|growth| growth.factor > 5.0) && self.most.is_none() {
//!             faults
//!                 .at(Self::GROWTH.then(Growth::FACTOR), "the waits have no end")
//!                 .help("write `most`")
//!                 .code("endless-waits");
//!         }
//!     }
//! }
//!
//! assert_eq!(Counter::SETTINGS[0].name, "after");
//! let read = |text| Counter::read_checked(&text);
//! let counter = read(serde_json::json!({ "most": 3, "regions": ["eu"], "wait": "2s" }))?;
//! assert_eq!((counter.after, counter.most), (Duration::from_millis(10), Some(3)));
//! assert_eq!(counter.limits.wait, Duration::from_secs(2));
//! assert!(matches!(counter.limit, Limit::Vegas(Vegas { least: 1 })));
//! let fault = read(serde_json::json!({ "regions": [], "growth": { "factor": 6 } })).unwrap_err();
//! assert_eq!(fault.to_string(), "`growth.factor`: the waits have no end (write `most`)");
//! # Ok::<(), bp_contract::setting::SettingFault>(())
//! ```
//!
//! The rules run in `bp check`, at start-up, and at every change of the configuration.
//!
//! # Variants
//!
//! An enum with a tag is a table: the tag chooses the variant, and only that variant's settings may be written.
//! Several variants may have a setting of one name; its type, its bounds and whether it is tunable are then the same in all of them.
//! The tag itself never changes without a rebuild, so no setting of an old variant is ever left over in a running system:
//! `BP_SET` and `BP_CONFIG` change the settings of the variant that the plan has, and no others.
//!
//! # What does not compile
//!
//! A default or a bound that is not a value of its field's type, or a default out of bounds:
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Pause {
//!     /// How long to wait.
//!     #[setting(default = "10 ms")]
//!     after: std::time::Duration,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Pause {
//!     /// Most waits.
//!     #[setting(default = 11, range = 1..=10)]
//!     most: u32,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Pause {
//!     /// Most waits.
//!     #[setting(range = 1..=256)]
//!     most: u8,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! Entries by name or by method that change without a rebuild, where this compiles:
//!
//! ```
//! # use bp_contract::setting::{PerMethod, Settings};
//! #[derive(Settings)]
//! struct Pause {
//!     /// Most waits, by method.
//!     #[setting(range = 1..=255)]
//!     most: PerMethod<u8>,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::{PerMethod, Settings};
//! #[derive(Settings)]
//! struct Pause {
//!     /// Most waits, by method.
//!     #[setting(range = 1..=255, tunable)]
//!     most: PerMethod<u8>,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! Bounds of a type without an order:
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Pause {
//!     /// Why.
//!     #[setting(range = "a"..="b")]
//!     why: Vec<String>,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! A flattened field that is not a table, where this compiles:
//!
//! ```
//! # use bp_contract::setting::Settings;
//! # #[derive(Settings)] struct Inner {
//! # /// How many.
//! # many: u32 }
//! #[derive(Settings)]
//! struct Outer {
//!     #[setting(flatten)]
//!     inner: Inner,
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Outer {
//!     #[setting(flatten)]
//!     inner: u32,
//! }
//! ```
//!
//! Two settings of one name in a table, or a shorthand that is not there:
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! # #[derive(Settings)] struct Inner {
//! # /// How many.
//! # many: u32 }
//! #[derive(Settings)]
//! struct Outer {
//!     /// How many more.
//!     many: u32,
//!     #[setting(flatten)]
//!     inner: Inner,
//! }
//! # let _ = Outer::SETTINGS;
//! ```
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! # #[derive(Settings)] struct Inner {
//! # /// How many.
//! # many: u32 }
//! #[derive(Settings)]
//! #[settings(shorthand = "few")]
//! struct Outer {
//!     #[setting(flatten)]
//!     inner: Inner,
//! }
//! # let _ = Outer::SHORTHAND;
//! ```
//!
//! A default that is not a variant, where this compiles:
//!
//! ```
//! # use bp_contract::setting::Settings;
//! /// How it waits.
//! #[derive(Settings)]
//! #[settings(tag = "kind", default = "off")]
//! enum Wait { Off }
//! ```
//!
//! ```compile_fail
//! # use bp_contract::setting::Settings;
//! /// How it waits.
//! #[derive(Settings)]
//! #[settings(tag = "kind", default = "on")]
//! enum Wait { Off }
//! ```
//!
//! A list of secrets, and rules that are opted in but not written:
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::{Secret, Settings};
//! #[derive(Settings)]
//! struct Login {
//!     /// The keys.
//!     keys: Vec<Secret>,
//! }
//! # let _ = Login::SETTINGS;
//! ```
//!
//! ```compile_fail,E0277
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! #[settings(validate)]
//! struct Pause {
//!     /// Most waits.
//!     most: u32,
//! }
//! ```

mod declare;
mod fits;
mod join;
mod plan;
mod read;
mod rules;
mod values;

pub use crate::Secret;
pub use bp_contract_derive::Settings;
pub use declare::{Literal, Setting, SettingKind, When};
pub use plan::{SettingPlan, SettingType, WhenPlan};
pub use read::{SettingFault, SettingValue, Settings, list_faults};
pub use rules::{Faults, Field, FieldPath, RuleFault, Validate};
pub use values::{PerMethod, Ratio, Size};

#[doc(hidden)]
pub mod __private {
    pub use super::join::{count_settings, join_settings, of_variant, shorthand_of};
    pub use super::read::{
        join_tables, read_entries, read_field, read_tag, read_word, write_fields,
    };
    pub use serde;
    pub use serde_json::Value;
}
