use crate::fixture::plan;
use prost_reflect::{Cardinality, DescriptorPool, Kind};

use super::*;

/// The text, as a compiler that others wrote reads it.
fn compiled(text: &str) -> DescriptorPool {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("leaf.proto"), text).unwrap();
    let files = protox::compile(["leaf.proto"], [folder.path()]);
    let files = files.unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    DescriptorPool::from_file_descriptor_set(files).unwrap()
}

#[test]
fn a_compiler_reads_the_file_and_finds_the_mapping() {
    let text = write(&plan()).unwrap();
    let pool = compiled(&text);
    let service = pool.get_service_by_name("leaf.Cart").unwrap();
    let methods: Vec<String> = service.methods().map(|m| m.name().to_owned()).collect();
    assert_eq!(methods, ["ListItems", "Clear"], "what is not remote is not offered");
    let list = service.methods().next().unwrap();
    let user = list.input().get_field_by_name("user").unwrap();
    assert_eq!((user.number(), user.kind()), (2, Kind::String));
    let result = list.output().get_field(1).unwrap();
    assert_eq!((result.name(), result.cardinality()), ("result", Cardinality::Repeated));

    let item = pool.get_message_by_name("leaf.Item").unwrap();
    let kind = |name: &str| {
        let field = item.get_field_by_name(name).unwrap();
        let kind = match field.kind() {
            Kind::Message(message) => message.full_name().to_owned(),
            Kind::Enum(e) => e.full_name().to_owned(),
            other => format!("{other:?}"),
        };
        (field.number(), kind)
    };
    assert_eq!(kind("sku"), (1, "string".into()));
    assert_eq!(kind("note"), (3, "leaf.OptionOfString".into()));
    assert_eq!(kind("count"), (4, "uint32".into()));
    assert_eq!(kind("grid"), (5, "leaf.ListOfUint32".into()));
    assert!(item.get_field_by_name("by_name").unwrap().is_map());
    assert_eq!(kind("by_pair"), (7, "leaf.EntryOfTupleOfUint32AndUint32ToBool".into()));
    assert_eq!(kind("shape"), (8, "leaf.TypesShape".into()));
    assert_eq!(kind("other"), (11, "leaf.OtherShape".into()));
    assert_eq!(kind("colour"), (9, "leaf.Colour".into()));
    assert!(item.reserved_ranges().eq(std::iter::once(2..3)), "a removed field's number");

    let shape = pool.get_message_by_name("leaf.TypesShape").unwrap();
    let variants: Vec<(u32, String)> = shape
        .oneofs()
        .next()
        .unwrap()
        .fields()
        .map(|f| (f.number(), f.name().to_owned()))
        .collect();
    let expected = [(1, "empty"), (2, "round"), (4, "box"), (5, "many")];
    assert_eq!(variants, expected.map(|(n, name)| (n, name.to_owned())));
    let colour = pool.get_enum_by_name("leaf.Colour").unwrap();
    let values: Vec<(i32, String)> =
        colour.values().map(|v| (v.number(), v.name().to_owned())).collect();
    let expected = [(0, "COLOUR_UNSPECIFIED"), (1, "COLOUR_RED"), (3, "COLOUR_DARK_BLUE")];
    assert_eq!(values, expected.map(|(n, name)| (n, name.to_owned())));
    // An error is a message even when no variant has content, so that one can get some.
    assert!(pool.get_message_by_name("leaf.CartError").is_some());
    let detail = pool.get_message_by_name("leaf.CartErrorDetail").unwrap();
    assert_eq!(detail.get_field(1).unwrap().name(), "error");
    assert_eq!(write(&plan()).unwrap(), text, "the same plan gives the same bytes");
}

#[test]
fn without_a_grpc_listener_there_is_no_file() {
    let mut plan = plan();
    plan.listeners.clear();
    assert_eq!(write(&plan), None);
}
