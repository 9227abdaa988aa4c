//! Arbitrary graphs: the verifier, the components and the dumps must handle them all.

use bp_diag::SourceMap;
use bp_ir::{
    ClientSlot, EdgeKind, Ir, MethodFact, NodeKey, NodeKind, Origin, ServerSlot, Side, Slot,
    VerifyStage, verify,
};

/// Takes bytes until there are none, and zeros from then on.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.next()) % limit.max(1)
    }

    fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// One of a few names, so that names collide.
    fn name(&mut self) -> String {
        const NAMES: &[&str] =
            &["a", "b", "c-d", "c_d", "client", "", "a->b", "a.x", "process:a", "é"];
        NAMES.get(self.below(NAMES.len())).copied().unwrap_or_default().to_owned()
    }

    fn methods(&mut self) -> Vec<String> {
        (0..self.below(4)).map(|_| self.name()).collect()
    }

    fn slot(&mut self) -> Slot {
        const CLIENT: [ClientSlot; 5] = [
            ClientSlot::Trace,
            ClientSlot::Deadline,
            ClientSlot::Retry,
            ClientSlot::Balance,
            ClientSlot::Transport,
        ];
        match self.below(7) {
            0 => Slot::Server(ServerSlot::Trace),
            1 => Slot::Server(ServerSlot::Metrics),
            number => Slot::Client(CLIENT.get(number - 2).copied().unwrap_or(ClientSlot::Trace)),
        }
    }

    fn node(&mut self) -> NodeKind {
        match self.below(10) {
            0 => NodeKind::Service {
                implementation: self.name(),
                interface: self.name(),
                methods: (0..self.below(4))
                    .map(|_| MethodFact {
                        name: self.name(),
                        remote: self.flag(),
                        idempotent: self.flag(),
                    })
                    .collect(),
            },
            1 => NodeKind::Backend {
                plugin: self.name(),
                interface: self.name(),
                ancestors: vec![self.name()],
                one_process: self.flag(),
            },
            2 => NodeKind::Client,
            3 => NodeKind::Wrapper { plugin: self.name(), slot: self.slot(), owner: self.name() },
            4 => NodeKind::Transport {
                plugin: self.name(),
                side: if self.flag() { Side::Client } else { Side::Server },
                owner: self.name(),
            },
            5 => NodeKind::Address { port: u16::from(self.next()) },
            6 => NodeKind::Process { replicas: u32::from(self.next()), once: self.next() & 1 == 1 },
            7 => NodeKind::Container,
            8 => NodeKind::Job,
            _ => NodeKind::FaultDomain { level: self.name() },
        }
    }

    fn edge(&mut self) -> EdgeKind {
        match self.below(5) {
            0 => EdgeKind::Calls { interface: self.name(), methods: self.methods() },
            1 => EdgeKind::Wraps,
            2 => EdgeKind::Serves,
            3 => EdgeKind::Hosts,
            _ => EdgeKind::SpreadsOver,
        }
    }

    fn key(&mut self) -> NodeKey {
        let name = self.name();
        match self.below(5) {
            0 => NodeKey::process(&name),
            1 => NodeKey::address(&name),
            2 => NodeKey::part(&name, "x"),
            3 => NodeKey::part("a->b", &name),
            _ => NodeKey::new(name),
        }
    }
}

/// The data is a list of changes to an empty graph.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut ir = Ir::new();
    let origin = || Origin::new(None, "fuzz");
    while !bytes.0.is_empty() {
        match bytes.below(8) {
            0..=2 => {
                let (key, kind) = (bytes.key(), bytes.node());
                let _ = ir.add_node(&key, kind, origin());
            }
            3..=5 => {
                let (from, to, kind) = (bytes.key(), bytes.key(), bytes.edge());
                let _ = ir.add_edge(&from, &to, kind, origin());
            }
            6 => {
                let key = bytes.key();
                ir.remove_node(&key);
            }
            _ => {
                let at = bytes.next();
                let key = ir.edges().nth(usize::from(at)).map(|e| e.key.clone());
                if let Some(key) = key {
                    assert!(ir.remove_edge(&key), "an edge that is listed can be removed");
                }
            }
        }
    }
    let mut last = Vec::new();
    for depth in
        [VerifyStage::Bound, VerifyStage::Grouped, VerifyStage::Transported, VerifyStage::Addressed]
    {
        let broken = verify(&ir, depth);
        assert!(
            last.iter().all(|rule| broken.contains(rule)),
            "a stricter check must report everything that a weaker one reports"
        );
        last = broken;
    }
    let count: usize = ir.components().iter().map(Vec::len).sum();
    let services = ir.nodes().filter(|n| matches!(n.kind, NodeKind::Service { .. })).count();
    assert_eq!(count, services, "every service is in one component");
    let sources = SourceMap::new();
    let _ = ir.dump_text(&sources);
    let _ = ir.dump_json(&sources);
}
