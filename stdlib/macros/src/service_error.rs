//! `#[derive(ServiceError)]`.

use std::collections::BTreeMap;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Token, Type};

use crate::error_code::error_code;
use crate::model::{Kind, Shape};
use crate::options::{CratePath, Errors};

/// The names that `#[status(…)]` takes, with the runtime's names for them.
const STATUSES: &[(&str, &str)] = &[
    ("invalid_argument", "InvalidArgument"),
    ("not_found", "NotFound"),
    ("already_exists", "AlreadyExists"),
    ("permission_denied", "PermissionDenied"),
    ("unauthenticated", "Unauthenticated"),
    ("resource_exhausted", "ResourceExhausted"),
    ("failed_precondition", "FailedPrecondition"),
    ("aborted", "Aborted"),
    ("out_of_range", "OutOfRange"),
    ("unimplemented", "Unimplemented"),
    ("internal", "Internal"),
    ("unavailable", "Unavailable"),
    ("data_loss", "DataLoss"),
];

/// `not_found` or `not_found, "message"`.
struct Status {
    name: Ident,
    message: Option<LitStr>,
}

impl Parse for Status {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = Ident::parse_any(input)?;
        let comma: Option<Token![,]> = input.parse()?;
        let message =
            if comma.is_some() && !input.is_empty() { Some(input.parse()?) } else { None };
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error("expected `#[status(code)]` or `#[status(code, \"message\")]`"));
        }
        Ok(Self { name, message })
    }
}

/// One variant's arms.
struct VariantArms {
    status: TokenStream,
    code: TokenStream,
    display: TokenStream,
}

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &item.data else {
        return Err(Error::new_spanned(&item.ident, "a service's error is an enum"));
    };
    let mut errors = Errors::default();
    let crate_path = errors.keep(CratePath::from_attributes(&item.attrs, "service_error"));
    let kind = errors.keep(Kind::new(item, is_infra));
    let infra = errors.keep(find_infra_variant(item, data));
    let variants = data.variants.iter().filter(|variant| !is_infra(variant));
    let arms: Vec<_> = variants.filter_map(|variant| errors.keep(expand_arms(variant))).collect();
    errors.finish()?;
    let (Some(crate_path), Some(kind), Some((infra, infra_type))) = (crate_path, kind, infra)
    else {
        return Err(Error::new_spanned(&item.ident, "incomplete"));
    };

    let (ident, private) = (&item.ident, crate_path.private());
    let data = crate::data::implement_error(ident, &kind, &private);
    let status = arms.iter().map(|arm| &arm.status);
    let code = arms.iter().map(|arm| &arm.code);
    let display = arms.iter().map(|arm| &arm.display);
    let others = (!arms.is_empty()).then(|| quote!(_ => __bp::core::option::Option::None,));
    let back = (!arms.is_empty())
        .then(|| quote!(__bp_other => __bp::core::result::Result::Err(__bp_other),));
    Ok(quote! {
        #data

        const _: () = {
            use #private as __bp;

            #[automatically_derived]
            impl __bp::core::fmt::Display for #ident {
                fn fmt(&self, __bp_formatter: &mut __bp::core::fmt::Formatter<'_>) -> __bp::core::fmt::Result {
                    match self {
                        #(#display)*
                        Self::#infra(__bp_infra) => __bp::core::fmt::Display::fmt(__bp_infra, __bp_formatter),
                    }
                }
            }

            #[automatically_derived]
            impl __bp::core::error::Error for #ident {}

            #[automatically_derived]
            impl __bp::core::convert::From<#infra_type> for #ident {
                fn from(__bp_infra: #infra_type) -> Self {
                    Self::#infra(__bp_infra)
                }
            }

            #[automatically_derived]
            #[allow(clippy::result_large_err)]
            impl __bp::ServiceError for #ident {
                fn status(&self) -> __bp::Status {
                    match self {
                        #(#status)*
                        Self::#infra(__bp_infra) => __bp_infra.kind.status(),
                    }
                }

                fn code(&self) -> &'static str {
                    match self {
                        #(#code)*
                        Self::#infra(__bp_infra) => __bp_infra.kind.as_str(),
                    }
                }

                fn infra(&self) -> __bp::core::option::Option<&__bp::Infra> {
                    match self {
                        Self::#infra(__bp_infra) => __bp::core::option::Option::Some(__bp_infra),
                        #others
                    }
                }

                fn into_infra(self) -> __bp::core::result::Result<__bp::Infra, Self> {
                    match self {
                        Self::#infra(__bp_infra) => __bp::core::result::Result::Ok(__bp_infra),
                        #back
                    }
                }
            }
        };
    })
}

fn is_infra(variant: &syn::Variant) -> bool {
    variant.attrs.iter().any(|attribute| attribute.path().is_ident("infra"))
}

/// The variant for infrastructure failures, with the type that it holds.
fn find_infra_variant<'a>(
    item: &DeriveInput,
    data: &'a syn::DataEnum,
) -> Result<(&'a Ident, &'a Type)> {
    let mut marked = data.variants.iter().filter(|variant| is_infra(variant));
    let Some(variant) = marked.next() else {
        return Err(Error::new_spanned(
            &item.ident,
            format!(
                "`{}` cannot say that a call did not get through: add `#[infra] Infra(Infra)`",
                item.ident
            ),
        ));
    };
    let mut errors = Errors::default();
    for second in marked {
        errors.push(Error::new_spanned(second, "a second `#[infra]`: one variant takes them all"));
    }
    for attribute in status_attributes(variant) {
        errors.push(Error::new_spanned(attribute, "an infrastructure failure has its own status"));
    }
    errors.finish()?;
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            fields.unnamed.first().map(|field| (&variant.ident, &field.ty))
        }
        _ => None,
    }
    .ok_or_else(|| {
        Error::new_spanned(variant, format!("write `#[infra] {}(Infra)`", variant.ident))
    })
}

fn status_attributes(variant: &syn::Variant) -> impl Iterator<Item = &Attribute> {
    variant.attrs.iter().filter(|attribute| attribute.path().is_ident("status"))
}

fn expand_arms(variant: &syn::Variant) -> Result<VariantArms> {
    let ident = &variant.ident;
    let mut attributes = status_attributes(variant);
    let Some(attribute) = attributes.next() else {
        return Err(Error::new_spanned(
            ident,
            format!("`{ident}` needs a status: add `#[status(…)]` with one of {}", list_statuses()),
        ));
    };
    if let Some(second) = attributes.next() {
        return Err(Error::new_spanned(second, "a second `#[status(…)]`"));
    }
    let Status { name, message } = attribute.parse_args()?;
    let text = name.to_string();
    let Some((_, status)) = STATUSES.iter().find(|(known, _)| *known == text) else {
        return Err(Error::new_spanned(
            &name,
            format!("there is no status `{text}`; write one of {}", list_statuses()),
        ));
    };
    let status = Ident::new(status, Span::call_site());
    let code = error_code(&ident.unraw().to_string());
    let words = code.replace('_', " ");
    let display = match message {
        None => quote!(Self::#ident { .. } => __bp_formatter.write_str(#words),),
        Some(message) => expand_display(ident, &Shape::new(&variant.fields), &message)?,
    };
    Ok(VariantArms {
        status: quote!(Self::#ident { .. } => __bp::Status::#status,),
        code: quote!(Self::#ident { .. } => #code,),
        display,
    })
}

fn list_statuses() -> String {
    STATUSES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The arm that writes `message`, whose `{0}` and `{field}` name the variant's fields.
fn expand_display(ident: &Ident, shape: &Shape, message: &LitStr) -> Result<TokenStream> {
    let text = message.value();
    let mut format = String::new();
    let mut used = BTreeMap::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        format.push_str(before);
        if from.starts_with("{{") || from.starts_with("}}") {
            let (escaped, after) = from.split_at(2);
            format.push_str(escaped);
            rest = after;
            continue;
        }
        let inside = from.strip_prefix('{').and_then(|from| from.split_once('}'));
        let Some((inside, after)) = inside else {
            return Err(Error::new_spanned(
                message,
                "an unmatched brace; write `{{` or `}}` for a brace",
            ));
        };
        let name = inside.split(':').next().unwrap_or(inside).trim();
        let Some(field) = shape.fields.iter().find(|field| field.name == name) else {
            return Err(Error::new_spanned(message, unknown_field(ident, shape, name)));
        };
        let argument = format_ident!("field_{}", name);
        let specification = inside.trim_start().strip_prefix(name).unwrap_or_default();
        format.extend(["{", &argument.to_string(), specification, "}"]);
        used.insert(name, (argument, field));
        rest = after;
    }
    format.push_str(rest);
    let format = LitStr::new(&format, message.span());
    let bindings = used.values().map(|(_, field)| {
        let (member, binding) = (&field.member, &field.binding);
        quote!(#member: #binding)
    });
    let arguments = used.values().map(|(argument, field)| {
        let binding = &field.binding;
        quote!(#argument = #binding)
    });
    Ok(quote! {
        Self::#ident { #(#bindings,)* .. } => __bp::core::write!(__bp_formatter, #format #(, #arguments)*),
    })
}

fn unknown_field(ident: &Ident, shape: &Shape, name: &str) -> String {
    let fields: Vec<_> = shape.names().map(|name| format!("{{{name}}}")).collect();
    match (name, fields.is_empty()) {
        (_, true) => format!("`{ident}` has no fields to show; write `{{{{` for a brace"),
        ("", _) => format!("say which field: {}", fields.join(", ")),
        _ => format!("`{ident}` has no field `{name}`; it has {}", fields.join(", ")),
    }
}
