//! From syn's items to those of an [`Outline`](super::Outline).

use std::sync::Arc;

use syn::{Item as SynItem, UseTree};

use super::attributes::{
    condition_place, find_declared_module, has, has_service_mark, read_condition, read_derives,
    read_docs, read_marks, read_path_attributes, read_status,
};
use super::outline::{
    AliasItem, Body, CfgAttribute, Condition, DefinitionItem, EnumItem, ExternCrateItem, Field,
    Fields, ImplItem, Import, Item, MacroItem, MacroProblem, Member, ModuleItem, StaticItem,
    StaticValue, StructItem, Supertrait, TraitItem, Variant, Visibility,
};
use super::place::{Place, UsePath};
use super::read_functions::{read_function, read_published};
use super::read_types::read_type;
use super::syntax::{
    field_place, path_place, place, place_of, plain, type_place, use_path, written,
};

/// Reads an item; `None` for one that does not matter to the front end.
pub(super) fn read_item(item: &SynItem) -> Option<Item> {
    let at = match read_condition(attributes_of(item)) {
        Condition::Test => return Some(Item::Ignored(place_of(item))),
        Condition::Other(when) => Some(when),
        Condition::Always => None,
    };
    let condition = at.clone();
    let define = |ident: &syn::Ident, vis: &syn::Visibility, body: Body| {
        Some(Item::Definition(Box::new(DefinitionItem {
            name: plain(ident),
            place: place(ident.span()),
            visibility: read_visibility(vis),
            condition,
            body,
        })))
    };
    match item {
        SynItem::Mod(module) => Some(Item::Module(Box::new(ModuleItem {
            name: plain(&module.ident),
            place: place(module.ident.span()),
            visibility: read_visibility(&module.vis),
            condition: at,
            paths: read_path_attributes(&module.attrs),
            inline: module
                .content
                .as_ref()
                .map(|(_, items)| (place_of(module), items.iter().filter_map(read_item).collect())),
        }))),
        SynItem::Use(used) => {
            let start = UsePath { global: used.leading_colon.is_some(), segments: Vec::new() };
            let mut imports = Vec::new();
            read_use(&used.tree, &start, &mut imports);
            Some(Item::Use(
                read_visibility(&used.vis),
                imports.into_boxed_slice(),
                at.map(Box::new),
            ))
        }
        SynItem::ExternCrate(named) => {
            let name = named.rename.as_ref().map_or(&named.ident, |(_, rename)| rename);
            Some(Item::ExternCrate(Box::new(ExternCrateItem {
                krate: plain(&named.ident),
                name: plain(name),
                visibility: read_visibility(&named.vis),
                condition: at,
            })))
        }
        SynItem::Trait(t) => define(&t.ident, &t.vis, Body::Trait(Arc::new(read_trait(t)))),
        SynItem::Struct(s) => define(&s.ident, &s.vis, Body::Struct(Arc::new(read_struct(s)))),
        SynItem::Enum(e) => define(&e.ident, &e.vis, Body::Enum(Arc::new(read_enum(e)))),
        SynItem::Union(u) => define(&u.ident, &u.vis, Body::Union),
        SynItem::Type(t) => define(&t.ident, &t.vis, Body::Alias(Arc::new(read_alias(t)))),
        SynItem::TraitAlias(t) => define(&t.ident, &t.vis, Body::TraitAlias),
        SynItem::Impl(block) => Some(Item::Impl(Arc::new(read_impl(block, at)))),
        SynItem::Static(value) => {
            Some(Item::Static(Arc::new(read_static(value, at.map(|w| w.place))?)))
        }
        SynItem::Macro(call) => read_macro(call, at).map(Item::Macro),
        _ => None,
    }
}

fn attributes_of(item: &SynItem) -> &[syn::Attribute] {
    match item {
        SynItem::Mod(i) => &i.attrs,
        SynItem::Use(i) => &i.attrs,
        SynItem::ExternCrate(i) => &i.attrs,
        SynItem::Trait(i) => &i.attrs,
        SynItem::Struct(i) => &i.attrs,
        SynItem::Enum(i) => &i.attrs,
        SynItem::Union(i) => &i.attrs,
        SynItem::Type(i) => &i.attrs,
        SynItem::TraitAlias(i) => &i.attrs,
        SynItem::Impl(i) => &i.attrs,
        SynItem::Static(i) => &i.attrs,
        SynItem::Fn(i) => &i.attrs,
        SynItem::Const(i) => &i.attrs,
        SynItem::Macro(i) => &i.attrs,
        _ => &[],
    }
}

fn read_visibility(visibility: &syn::Visibility) -> Visibility {
    match visibility {
        syn::Visibility::Public(_) => Visibility::Public,
        syn::Visibility::Restricted(restricted) => {
            if restricted.path.is_ident("self") {
                Visibility::Module
            } else if restricted.path.is_ident("super") {
                Visibility::Parent
            } else {
                Visibility::Crate
            }
        }
        syn::Visibility::Inherited => Visibility::Module,
    }
}

fn read_use(tree: &UseTree, prefix: &UsePath, imports: &mut Vec<Import>) {
    let with = |ident: &syn::Ident| {
        let mut path = prefix.clone();
        path.segments.push(plain(ident));
        path
    };
    match tree {
        UseTree::Path(path) => read_use(&path.tree, &with(&path.ident), imports),
        UseTree::Group(group) => {
            for tree in &group.items {
                read_use(tree, prefix, imports);
            }
        }
        UseTree::Glob(_) => imports.push(Import::Glob(prefix.clone())),
        UseTree::Name(name) if name.ident == "self" => {
            if let Some(last) = prefix.segments.last().cloned() {
                imports.push(Import::Name(last, prefix.clone()));
            }
        }
        UseTree::Name(name) => imports.push(Import::Name(plain(&name.ident), with(&name.ident))),
        UseTree::Rename(rename) => {
            let path = if rename.ident == "self" { prefix.clone() } else { with(&rename.ident) };
            imports.push(Import::Name(plain(&rename.rename), path));
        }
    }
}

fn read_trait(item: &syn::ItemTrait) -> TraitItem {
    let marks = read_marks(&item.attrs);
    if marks.is_empty() {
        return TraitItem::default();
    }
    let supertraits = item.supertraits.iter().filter_map(|bound| match bound {
        syn::TypeParamBound::Trait(supertrait) => Some(Supertrait {
            path: use_path(&supertrait.path),
            place: place_of(supertrait),
            text: written(supertrait),
        }),
        _ => None,
    });
    TraitItem {
        marks,
        docs: read_docs(&item.attrs),
        generics: (!item.generics.params.is_empty()).then(|| place_of(&item.generics)),
        supertraits: supertraits.collect(),
        members: item.items.iter().filter_map(read_member).collect(),
    }
}

fn read_member(member: &syn::TraitItem) -> Option<Member> {
    Some(match member {
        syn::TraitItem::Fn(function) => {
            let function = read_function(&function.attrs, &function.sig)?;
            Member::Function(Box::new(function))
        }
        syn::TraitItem::Const(_) => Member::Constant(place_of(member)),
        syn::TraitItem::Type(_) => Member::Type(place_of(member)),
        syn::TraitItem::Macro(_) => Member::Macro(place_of(member)),
        _ => Member::Other(place_of(member)),
    })
}

fn read_struct(item: &syn::ItemStruct) -> StructItem {
    let derives = read_derives(&item.attrs);
    let generic = !item.generics.params.is_empty();
    StructItem {
        docs: read_docs(&item.attrs),
        generic,
        fields: if generic || derives.is_empty() {
            Fields::Unit
        } else {
            read_fields(&item.fields)
        },
        derives,
    }
}

fn read_enum(item: &syn::ItemEnum) -> EnumItem {
    let derives = read_derives(&item.attrs);
    let generic = !item.generics.params.is_empty();
    EnumItem {
        docs: read_docs(&item.attrs),
        generic,
        variants: if generic || derives.is_empty() {
            Box::default()
        } else {
            item.variants.iter().filter_map(read_variant).collect()
        },
        derives,
    }
}

fn read_variant(variant: &syn::Variant) -> Option<Variant> {
    Some(Variant {
        name: variant.ident.to_string(),
        place: place(variant.ident.span()),
        condition: condition_place(&variant.attrs).ok()?,
        docs: read_docs(&variant.attrs),
        infra: has(&variant.attrs, "infra"),
        status: read_status(&variant.attrs),
        fields: read_fields(&variant.fields),
    })
}

fn read_fields(fields: &syn::Fields) -> Fields {
    let read = fields.iter().enumerate().filter_map(|(index, field)| {
        Some(Field {
            name: field.ident.as_ref().map_or_else(|| index.to_string(), plain),
            place: field_place(field),
            condition: condition_place(&field.attrs).ok()?,
            docs: read_docs(&field.attrs),
            ty: read_type(&field.ty),
        })
    });
    match fields {
        syn::Fields::Named(_) => Fields::Named(read.collect()),
        syn::Fields::Unnamed(_) => Fields::Tuple(read.collect()),
        syn::Fields::Unit => Fields::Unit,
    }
}

fn read_alias(item: &syn::ItemType) -> AliasItem {
    let parameters = item.generics.type_params().map(|parameter| {
        let default = parameter.default.as_ref().map(|(_, ty)| read_type(ty));
        (plain(&parameter.ident), default)
    });
    AliasItem { parameters: parameters.collect(), ty: read_type(&item.ty) }
}

fn read_impl(item: &syn::ItemImpl, condition: Option<CfgAttribute>) -> ImplItem {
    let of = item.trait_.as_ref().map(|(path, _)| (use_path(path), path_place(path)));
    let functions = if of.is_some() { &[][..] } else { &item.items };
    let functions = functions.iter().filter_map(|member| match member {
        syn::ImplItem::Fn(f) if matches!(plain(&f.sig.ident).as_str(), "new" | "run") => {
            read_published(f)
        }
        _ => None,
    });
    ImplItem {
        marks: read_marks(&item.attrs),
        condition,
        generic: !item.generics.params.is_empty(),
        path: match &*item.self_ty {
            syn::Type::Path(path) => Some(use_path(&path.path)),
            _ => None,
        },
        place: type_place(&item.self_ty),
        text: if of.is_some() { written(&item.self_ty) } else { String::new() },
        functions: functions.collect(),
        of,
    }
}

/// A `static` whose type is a path.
fn read_static(item: &syn::ItemStatic, condition: Option<Place>) -> Option<StaticItem> {
    let syn::Type::Path(ty) = &*item.ty else { return None };
    let value = match &*item.expr {
        syn::Expr::Macro(call)
            if call.mac.path.segments.last().is_some_and(|s| s.ident == "knob") =>
        {
            match call.mac.parse_body::<syn::LitStr>() {
                Ok(name) => StaticValue::Knob(name.value(), place(name.span())),
                Err(_) => StaticValue::Malformed(place_of(&call.mac)),
            }
        }
        other => StaticValue::Other(place_of(other)),
    };
    Some(StaticItem {
        name: plain(&item.ident),
        condition,
        docs: read_docs(&item.attrs),
        path: use_path(&ty.path),
        bare: ty.path.is_ident("Knob"),
        value,
    })
}

/// A macro's call or declaration; `None` for one that does not matter.
fn read_macro(item: &syn::ItemMacro, condition: Option<CfgAttribute>) -> Option<MacroItem> {
    let path = &item.mac.path;
    let problem = if path.segments.last().is_some_and(|s| s.ident == "include") {
        Some(MacroProblem::Included(place_of(item)))
    } else if has_service_mark(item.mac.tokens.clone()) {
        Some(MacroProblem::Service(place_of(path)))
    } else {
        let module = find_declared_module(item.mac.tokens.clone());
        module.map(|(place, name)| MacroProblem::Module(place, name))
    };
    let defines = !path.is_ident("macro_rules");
    (defines || problem.is_some()).then_some(MacroItem { defines, condition, problem })
}
