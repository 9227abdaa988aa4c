//! The plugins that this compiler knows, as an explicit list.

use std::collections::BTreeMap;
use std::ops::Deref;

use crate::{Declaration, Declarations, Hooks, Plugin};

/// The plugins that this compiler knows: their declarations, which it lends, and their hooks.
///
/// An explicit list: no link-time registration, so that the order and the content never depend on the linker.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    plugins: Vec<&'static Plugin>,
    declarations: Declarations,
}

impl Registry {
    /// These plugins; of two with one id the later one is used.
    pub fn new(plugins: impl IntoIterator<Item = &'static Plugin>) -> Self {
        let by_id: BTreeMap<&str, &'static Plugin> =
            plugins.into_iter().map(|p| (p.id, p)).collect();
        let plugins: Vec<&'static Plugin> = by_id.into_values().collect();
        let declarations = Declarations::new(plugins.iter().map(|p| &p.declaration).collect());
        Self { plugins, declarations }
    }

    /// Adds a plugin, or replaces the one with its id.
    pub fn with(self, plugin: &'static Plugin) -> Self {
        Self::new(self.plugins.into_iter().chain([plugin]))
    }

    /// Every plugin with what it does, by id.
    pub fn plugins(&self) -> impl Iterator<Item = &'static Plugin> + '_ {
        self.plugins.iter().copied()
    }

    /// What a plugin does; nothing if the registry does not have it.
    pub fn hooks(&self, plugin: &Declaration) -> Hooks {
        self.plugins().find(|p| p.id == plugin.id).map_or(Hooks::NONE, |p| p.hooks)
    }
}

/// What is asked of the plugins is nearly always what they are.
impl Deref for Registry {
    type Target = Declarations;

    fn deref(&self) -> &Declarations {
        &self.declarations
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bp_contract::metric::Metric;
    use bp_contract::setting::Settings;

    use bp_wiring::KeyGrammar;

    use super::*;
    use crate::{ClientSlot, Literal, PluginCode, Setting, SettingKind, backend, target, wrapper};

    /// Good.
    #[derive(Settings)]
    #[settings(shorthand = "after")]
    struct Good {
        /// How long.
        #[setting(default = "1s", tunable)]
        after: Duration,
    }

    static GOOD: Plugin =
        wrapper::<Good>("good").client(ClientSlot::Cap).in_process().metrics(&[PAUSES]).declare();
    /// What the derive does not let through.
    static BAD: Plugin = Plugin {
        declaration: Declaration {
            id: "bad",
            settings: &[Setting::new("after", SettingKind::Duration, "How long.")
                .default(Literal::Text("1 second"))
                .renamed_from("after")],
            shorthand: Some("for"),
            codes: &[TOO_LATE, TOO_LATE],
            metrics: &[READY, OTHER_PAUSES],
            shared_by_methods: &["after", "before"],
            ..GOOD.declaration
        },
        ..GOOD
    };
    const TOO_LATE: PluginCode =
        PluginCode::new("too-late", "it comes too late", "# bad/too-late: it comes too late\n");
    const PAUSES: Metric = Metric::counter("bp_pauses", "Pauses").labels(&["bp_edge"]);
    const OTHER_PAUSES: Metric = Metric::counter("bp_pauses", "Pauses");
    const READY: Metric = Metric::gauge("bp_balance_ready", "What is ready");

    #[test]
    fn faulty_declarations_are_found() {
        assert_eq!(Registry::new([&GOOD]).faults(), Vec::<String>::new());
        let faults = Registry::new([&GOOD, &BAD]).faults();
        assert_eq!(
            faults,
            [
                "bad: the shorthand `for` is not a setting",
                "bad.after: expected a duration such as \"500ms\", found Text(\"1 second\")",
                "bad.after: `after`, its old name, is a setting",
                "bad: `before`, which methods share, is not a setting",
                "bad: two codes `too-late`",
                "bad: `bp_balance_ready` is not the metric that `bp` declares",
                "good: `bp_pauses_total` is not the metric that `bad` declares",
            ]
        );
    }

    const fn of_word(name: &'static str, word: &'static str) -> Setting {
        Setting::new(name, SettingKind::Count, "How many.").when("kind", word)
    }

    const KIND: Setting =
        Setting::new("kind", SettingKind::OneOf(&["a", "b"]), "Which.").default(Literal::Text("a"));
    static VARIANTS: Plugin = Plugin {
        declaration: Declaration {
            id: "vary",
            key: "vary",
            settings: &[
                KIND,
                Setting::new("own", SettingKind::Bool, "Always."),
                of_word("x", "a").default(Literal::Int(1)),
                of_word("x", "b"),
                of_word("y", "b"),
            ],
            shorthand: Some("kind"),
            ..GOOD.declaration
        },
        ..GOOD
    };
    static FAULTY: Plugin = Plugin {
        declaration: Declaration {
            settings: &[
                KIND,
                Setting::new("own", SettingKind::Bool, "Always."),
                of_word("own", "a"),
                of_word("x", "a"),
                of_word("x", "b").tunable(),
                of_word("y", "c"),
                Setting::new("z", SettingKind::Count, "How many.").when("mode", "m"),
            ],
            ..VARIANTS.declaration
        },
        ..VARIANTS
    };
    static UNTAGGED: Plugin = Plugin {
        declaration: Declaration {
            settings: &[of_word("x", "a")],
            shorthand: None,
            ..VARIANTS.declaration
        },
        ..VARIANTS
    };

    #[test]
    fn variants_are_declared_alike_and_by_one_tag() {
        let faults = |plugin: &'static Plugin| Registry::new([plugin]).faults();
        assert_eq!(faults(&VARIANTS), Vec::<String>::new());
        assert_eq!(
            faults(&FAULTY),
            [
                "vary.own: declared twice",
                "vary.x: the variants declare it with different types, bounds or tunability",
                "vary.y: `c` is not a word of `kind`",
                "vary: `kind` and `mode` both choose a variant",
            ]
        );
        assert_eq!(faults(&UNTAGGED), ["vary: the tag `kind` is not a setting"]);
    }

    #[test]
    fn the_grammar_knows_what_belongs_to_a_variant() {
        let grammar = Registry::default().with(&VARIANTS).grammar();
        let variant = grammar.edge["vary"].variant.clone().unwrap();
        assert_eq!((variant.leaf.as_str(), variant.default.as_deref()), ("kind", Some("a")));
        let own = |word: &str| variant.settings[word].iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            (own("a"), own("b")),
            (vec!["x".to_owned()], vec!["x".to_owned(), "y".to_owned()])
        );
    }

    #[test]
    fn what_does_not_fit_the_kind_is_found() {
        static NOWHERE: Plugin = wrapper::<Good>("nowhere").declare();
        static HALF: Plugin =
            wrapper::<Good>("half").client(ClientSlot::Cap).instance_wide().declare();
        static LATE: Plugin = target::<Good>("late", &[]).declare();
        const SHELF: Plugin = backend::<Good>("chooses", &[]).declare();
        static CHOOSES: Plugin = Plugin {
            declaration: Declaration { settings: &[KIND], shorthand: None, ..SHELF.declaration },
            ..SHELF
        };
        let found = Registry::new([&NOWHERE, &HALF, &LATE, &CHOOSES]).faults();
        assert_eq!(
            found,
            [
                "chooses.kind: `kind` chooses the plugin here",
                "half: `.instance_wide()` needs a slot on both sides",
                "late.after: only a running process reads references, so it must be `fixed`",
                "nowhere: neither `.client(…)` nor `.server(…)` says where it stands",
            ]
        );
    }

    #[test]
    fn codes_of_plugins_are_found_beside_those_of_the_compiler() {
        let registry = Registry::new([&GOOD, &BAD]);
        let found = |id: &str| registry.find_code(id).map(|c| c.id.to_string());
        assert_eq!(found("bp4001").as_deref(), Some("BP4001"));
        assert_eq!(found("BAD/too-late").as_deref(), Some("bad/too-late"));
        assert_eq!((found("too-late"), found("good/too-late")), (None, None));
    }

    #[test]
    fn the_grammar_follows_the_plugins() {
        let registry = Registry::default().with(&GOOD);
        assert_eq!(registry.grammar().edge["good"], KeyGrammar::shorthand("after"));
        assert!(registry.wrapper("good").is_some() && registry.transport("good").is_none());
        let plan = GOOD.plan();
        assert!(plan.settings["after"].tunable);
        assert_eq!((plan.kind.as_str(), plan.shorthand.as_deref()), ("wrapper", Some("after")));
    }
}
