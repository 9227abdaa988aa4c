//! `#[derive(Data)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{DeriveInput, Ident, Result};

use crate::model::{Field, Kind, Shape, Style, Variant};
use crate::options::CratePath;

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let crate_path = CratePath::from_attributes(&item.attrs, "data")?;
    let kind = Kind::new(item, |_| false)?;
    Ok(implement(&item.ident, &kind, &crate_path.private()))
}

/// The implementation of `Data`; `enum`s of errors are always messages, so that their first variant with content changes nothing.
pub(crate) fn implement_error(ident: &Ident, kind: &Kind, private: &TokenStream) -> TokenStream {
    match kind {
        Kind::Struct(_) => TokenStream::new(),
        Kind::Enum { variants, skipped } => {
            wrap(ident, private, &expand_enum(ident, variants, skipped.as_ref()))
        }
    }
}

fn implement(ident: &Ident, kind: &Kind, private: &TokenStream) -> TokenStream {
    let body = match kind {
        Kind::Struct(shape) => expand_struct(ident, shape),
        Kind::Enum { variants, .. }
            if variants.iter().all(|variant| variant.shape.style == Style::Unit) =>
        {
            expand_unit_enum(ident, variants)
        }
        Kind::Enum { variants, skipped } => expand_enum(ident, variants, skipped.as_ref()),
    };
    wrap(ident, private, &body)
}

/// The pieces of an implementation.
struct DataImpl {
    statics: TokenStream,
    constants: TokenStream,
    put: TokenStream,
    get: TokenStream,
    to_json: TokenStream,
    from_json: TokenStream,
}

fn wrap(ident: &Ident, private: &TokenStream, body: &DataImpl) -> TokenStream {
    let DataImpl { statics, constants, put, get, to_json, from_json } = body;
    quote! {
        const _: () = {
            use #private as __bp;
            #statics

            #[automatically_derived]
            impl __bp::Data for #ident {
                #constants

                fn put(&self, __bp_at: __bp::FieldPosition, __bp_out: &mut __bp::Writer) {
                    #put
                }

                fn get(
                    __bp_field: __bp::Field<'_>,
                ) -> __bp::core::result::Result<Self, __bp::DecodeError> {
                    #get
                }

                fn to_json(&self) -> __bp::Value {
                    #to_json
                }

                fn from_json(
                    __bp_value: __bp::Value,
                ) -> __bp::core::result::Result<Self, __bp::DecodeError> {
                    #from_json
                }
            }
        };
    }
}

/// The type's key in the wire table.
fn path(ident: &Ident) -> TokenStream {
    let name = ident.unraw().to_string();
    quote!(__bp::core::concat!(__bp::core::module_path!(), "::", #name))
}

fn expand_struct(ident: &Ident, shape: &Shape) -> DataImpl {
    let (path, count, names) = (path(ident), shape.fields.len(), shape.names());
    let numbers = shape.numbers();
    let put = put_fields(shape);
    let get = get_fields(shape, &quote!(Self));
    let pattern = shape.pattern();
    let to_json = fields_to_json(shape);
    let from_json = fields_from_json(shape, &quote!(Self));
    let constants = match (shape.style, shape.fields.first()) {
        (Style::Unit, _) => quote!(
            const NULLABLE: bool = true;
        ),
        (Style::Newtype, Some(Field { ty, .. })) => {
            quote!(const NULLABLE: bool = <#ty as __bp::Data>::NULLABLE;)
        }
        _ => TokenStream::new(),
    };
    DataImpl {
        statics: quote! {
            static __WIRE: __bp::Slot<#count> = __bp::Slot::fields(#path, [#(#names),*]);
        },
        constants,
        put: quote! {
            let #numbers = *__WIRE.numbers();
            let Self #pattern = self;
            __bp_out.write_message(__bp_at.number, |__bp_out| { #put });
        },
        get: quote! {
            let #numbers = *__WIRE.numbers();
            let __bp_message = __bp_field.read_message()?;
            __bp::core::result::Result::Ok(#get)
        },
        to_json: quote! {
            let Self #pattern = self;
            #to_json
        },
        from_json: quote!(__bp::core::result::Result::Ok(#from_json)),
    }
}

/// Writes the bound fields into the message `out`.
fn put_fields(shape: &Shape) -> TokenStream {
    let fields = shape.fields.iter().map(|Field { ty, binding, number, .. }| {
        quote!(<#ty as __bp::Data>::put(#binding, __bp::FieldPosition::field(#number), __bp_out);)
    });
    // A message without fields writes nothing, but takes the writer all the same.
    if shape.fields.is_empty() { quote!(let _ = __bp_out;) } else { quote!(#(#fields)*) }
}

/// `constructor { … }` from the message `message`.
fn get_fields(shape: &Shape, constructor: &TokenStream) -> TokenStream {
    let fields = shape.fields.iter().map(|Field { member, ty, name, number, .. }| {
        quote!(#member: __bp_message.get::<#ty>(#number, #name)?)
    });
    let unused = shape.fields.is_empty().then(|| quote!(let _ = __bp_message;));
    quote!({ #unused #constructor { #(#fields),* } })
}

/// The JSON of the bound fields.
fn fields_to_json(shape: &Shape) -> TokenStream {
    let values = shape
        .fields
        .iter()
        .map(|Field { ty, binding, .. }| quote!(<#ty as __bp::Data>::to_json(#binding)));
    let names = shape.names();
    match shape.style {
        Style::Unit => quote!(__bp::Value::Null),
        Style::Newtype => quote!(#(#values)*),
        Style::Tuple => quote!(__bp::Value::Array(__bp::std::vec![#(#values),*])),
        Style::Named => quote!(__bp::json::build_object([#((#names, #values)),*])),
    }
}

/// `constructor { … }` from the JSON `value`.
fn fields_from_json(shape: &Shape, constructor: &TokenStream) -> TokenStream {
    let fields = |read: &dyn Fn(usize, &Field) -> TokenStream| {
        let fields = shape.fields.iter().enumerate().map(|(index, field)| {
            let (member, value) = (&field.member, read(index, field));
            quote!(#member: #value)
        });
        quote!(#constructor { #(#fields),* })
    };
    match shape.style {
        Style::Unit => quote!({
            __bp::json::check_unit(&__bp_value)?;
            #constructor {}
        }),
        Style::Newtype => {
            fields(&|_, Field { ty, .. }| quote!(<#ty as __bp::Data>::from_json(__bp_value)?))
        }
        Style::Tuple => {
            let fields = fields(
                &|index, Field { ty, .. }| quote!(__bp::json::take_next::<#ty>(&mut __bp_items, #index)?),
            );
            quote!({
                let mut __bp_items = __bp::core::iter::IntoIterator::into_iter(
                    __bp::json::take_array(__bp_value, "an array")?,
                );
                #fields
            })
        }
        Style::Named => {
            let fields = fields(
                &|_, Field { ty, name, .. }| quote!(__bp::json::take_member::<#ty>(&mut __bp_members, #name)?),
            );
            quote!({
                let mut __bp_members = __bp::json::take_object(__bp_value, "an object")?;
                #fields
            })
        }
    }
}

fn expand_variant_slot(ident: &Ident, variants: &[Variant]) -> (TokenStream, TokenStream) {
    let (path, count) = (path(ident), variants.len());
    let names = variants.iter().map(|variant| &variant.name);
    let numbers = variants.iter().map(|variant| &variant.number);
    let slot = quote! {
        static __VARIANTS: __bp::Slot<#count> = __bp::Slot::variants(#path, [#(#names),*]);
    };
    (slot, quote!([#(#numbers),*]))
}

/// An enum whose variants have no content.
fn expand_unit_enum(ident: &Ident, variants: &[Variant]) -> DataImpl {
    let name = ident.unraw().to_string();
    let (statics, pattern) = expand_variant_slot(ident, variants);
    let idents: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let names: Vec<_> = variants.iter().map(|variant| &variant.name).collect();
    let numbers = variants.iter().map(|variant| &variant.number);
    let indices = 0..variants.len();
    DataImpl {
        statics,
        constants: quote! {
            const PACKED: __bp::core::option::Option<__bp::WireType> =
                __bp::core::option::Option::Some(__bp::WireType::Varint);

            fn put_bare(&self, __bp_out: &mut __bp::Writer) {
                let #pattern = *__VARIANTS.numbers();
                __bp_out.write_varint(__bp::core::convert::Into::into(match self {
                    #(Self::#idents {} => #numbers),*
                }));
            }
        },
        put: quote! {
            __bp_out.write_tag(__bp_at.number, __bp::WireType::Varint);
            <Self as __bp::Data>::put_bare(self, __bp_out);
        },
        get: quote! {
            match __bp_field.read_enumerator(#name, __VARIANTS.numbers())? {
                #(#indices => __bp::core::result::Result::Ok(Self::#idents {}),)*
                _ => __bp::core::result::Result::Err(__bp::DecodeError::missing_variant(#name)),
            }
        },
        to_json: quote! {
            __bp::core::convert::Into::into(match self {
                #(Self::#idents {} => #names),*
            })
        },
        from_json: quote! {
            let (__bp_variant, _) = __bp::json::take_variant(__bp_value, #name)?;
            match __bp_variant.as_str() {
                #(#names => __bp::core::result::Result::Ok(Self::#idents {}),)*
                _ => __bp::core::result::Result::Err(__bp::DecodeError::unknown_variant(#name, __bp_variant)),
            }
        },
    }
}

/// An enum with content: a message with one field.
fn expand_enum(ident: &Ident, variants: &[Variant], skipped: Option<&Ident>) -> DataImpl {
    let name = ident.unraw().to_string();
    let (mut statics, pattern) = expand_variant_slot(ident, variants);
    let slot_of = |index| format_ident!("__FIELDS_{}", index);
    for (index, variant) in variants.iter().enumerate() {
        let (slot, path, names) = (slot_of(index), path(ident), variant.shape.names());
        let (count, name) = (variant.shape.fields.len(), &variant.name);
        if matches!(variant.shape.style, Style::Named | Style::Tuple) {
            statics.extend(quote! {
                static #slot: __bp::Slot<#count> =
                    __bp::Slot::variant_fields(#path, #name, [#(#names),*]);
            });
        }
    }
    let put =
        variants.iter().enumerate().map(|(index, variant)| put_variant(variant, &slot_of(index)));
    let get = variants
        .iter()
        .enumerate()
        .map(|(index, variant)| get_variant(index, variant, &slot_of(index)));
    let to_json = variants.iter().map(|Variant { ident, name, shape, .. }| {
        let (pattern, content) = (shape.pattern(), fields_to_json(shape));
        if shape.style == Style::Unit {
            quote!(Self::#ident {} => __bp::core::convert::Into::into(#name))
        } else {
            quote!(Self::#ident #pattern => __bp::json::build_tagged(#name, #content))
        }
    });
    let from_json = variants.iter().map(|variant| variant_from_json(&name, variant));
    let skip_put = skipped.map(|ident| quote!(Self::#ident { .. } => { let _ = __bp_out; }));
    let skip_json = skipped.map(|ident| quote!(Self::#ident { .. } => __bp::Value::Null));
    DataImpl {
        statics,
        constants: TokenStream::new(),
        put: quote! {
            let #pattern = *__VARIANTS.numbers();
            __bp_out.write_message(__bp_at.number, |__bp_out| match self { #(#put,)* #skip_put });
        },
        get: quote! {
            let #pattern = *__VARIANTS.numbers();
            let __bp_message = __bp_field.read_message()?;
            match __bp_message.read_variant(#name, &#pattern)? {
                #(#get)*
                _ => __bp::core::result::Result::Err(__bp::DecodeError::missing_variant(#name)),
            }
        },
        to_json: quote!(match self { #(#to_json,)* #skip_json }),
        from_json: quote! {
            let (__bp_variant, __bp_content) = __bp::json::take_variant(__bp_value, #name)?;
            match __bp_variant.as_str() {
                #(#from_json)*
                _ => __bp::core::result::Result::Err(__bp::DecodeError::unknown_variant(#name, __bp_variant)),
            }
        },
    }
}

fn put_variant(Variant { ident, shape, number, .. }: &Variant, slot: &Ident) -> TokenStream {
    let pattern = shape.pattern();
    let content = match (shape.style, shape.fields.first()) {
        (Style::Newtype, Some(Field { ty, binding, .. })) => {
            quote!(<#ty as __bp::Data>::put(#binding, __bp::FieldPosition::item(#number), __bp_out);)
        }
        (Style::Unit | Style::Newtype, _) => quote!(__bp_out.write_message(#number, |_| {});),
        _ => {
            let (numbers, put) = (shape.numbers(), put_fields(shape));
            quote! {
                let #numbers = *#slot.numbers();
                __bp_out.write_message(#number, |__bp_out| { #put });
            }
        }
    };
    quote!(Self::#ident #pattern => { #content })
}

fn get_variant(index: usize, variant: &Variant, slot: &Ident) -> TokenStream {
    let Variant { ident, name, shape, number } = variant;
    let field = quote!(__bp_message.field(#number).item());
    let content = match (shape.style, shape.fields.first()) {
        (Style::Newtype, Some(Field { ty, .. })) => {
            quote!(<#ty as __bp::Data>::get(#field).map(Self::#ident))
        }
        (Style::Unit | Style::Newtype, _) => quote!(#field.read_message().map(|_| Self::#ident {})),
        _ => {
            let (numbers, get) = (shape.numbers(), get_fields(shape, &quote!(Self::#ident)));
            quote! {{
                let #numbers = *#slot.numbers();
                #field.read_message().and_then(|__bp_message| __bp::core::result::Result::Ok(#get))
            }}
        }
    };
    quote!(#index => #content.map_err(|__bp_error| __bp_error.at(#name)),)
}

fn variant_from_json(of: &str, Variant { ident, name, shape, .. }: &Variant) -> TokenStream {
    if shape.style == Style::Unit {
        return quote!(#name => __bp::core::result::Result::Ok(Self::#ident {}),);
    }
    let content = fields_from_json(shape, &quote!(Self::#ident));
    quote! {
        #name => __bp::json::take_content(__bp_content, #of)
            .and_then(|__bp_value| __bp::core::result::Result::Ok(#content))
            .map_err(|__bp_error| __bp_error.at(#name)),
    }
}
