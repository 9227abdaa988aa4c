//! `#[interface]`: the trait as `#[service]` writes it, and both of its halves.

use proc_macro2::{Group, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Error, FnArg, Ident, Item, ItemTrait, Lifetime, Pat, Path, PathArguments, Result, ReturnType,
    Signature, TraitItem, TraitItemFn, Type, TypeImplTrait, TypeParamBound, TypeReference,
    Visibility, parse_quote,
};

use crate::options::{CratePath, Errors};
use crate::{boxed, service};

const WHERE: &str = "`#[interface]` goes on a trait; an `impl` of one has `#[service]`";

/// What is read of the trait before its methods are changed.
struct Declaration {
    ident: Ident,
    extends: Vec<Path>,
    methods: Vec<Method>,
}

struct Method {
    ident: Ident,
    idempotent: bool,
    signature: Signature,
    arguments: Vec<Argument>,
    answer: Type,
}

struct Argument {
    name: String,
    /// What it is called in the halves, where no name of the workflow can be meant.
    binding: Ident,
    ty: Type,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut crate_path = CratePath::DEFAULT;
    syn::meta::parser(|meta| crate_path.parse(&meta)).parse2(arguments)?;
    let private = crate_path.private();
    let item = match syn::parse2::<Item>(item)? {
        Item::Trait(item) => item,
        other => return Err(Error::new_spanned(other, WHERE)),
    };
    let mut errors = Errors::default();
    let declaration = Declaration::read(&item, &mut errors);
    let item = service::define(item, "an interface", &private, errors)?;
    let halves = declaration.write(&private);
    Ok(quote! {
        #item
        #halves
    })
}

impl Declaration {
    fn read(item: &ItemTrait, errors: &mut Errors) -> Self {
        let ident = item.ident.clone();
        if !matches!(item.vis, Visibility::Public(_)) {
            errors.push(Error::new_spanned(
                &ident,
                format!("other crates name the interface `{ident}`: write `pub trait {ident}`"),
            ));
        }
        if is_marker(&[ident.unraw().to_string().as_str()]) {
            errors.push(Error::new_spanned(
                &ident,
                format!("where another interface extends it, `{ident}` would mean Rust's own trait: give it another name"),
            ));
        }
        let extends = item.supertraits.iter().filter_map(|bound| read_supertrait(bound, errors));
        let extends = extends.collect();
        let methods = item.items.iter().filter_map(|member| match member {
            TraitItem::Fn(method) => Method::read(method, errors),
            _ => None,
        });
        Self { ident, extends, methods: methods.collect() }
    }

    fn write(&self, private: &TokenStream) -> TokenStream {
        let Self { ident, extends, methods } = self;
        let name = ident.unraw().to_string();
        let own = methods.iter().map(|method| method.describe(private));
        let support = quote!(#private::interface);
        let extended = extends.iter().map(|path| {
            let declaration = quote!(
                <(dyn #path + 'static) as #support::BackendInterface>::DECLARATION
            );
            locate(declaration, path.span())
        });
        // Fails for methods that have one name.
        let count = quote!(#support::count_methods(__BP_PATH, __BP_EXTENDS, __BP_OWN));
        let count = locate(count, ident.span());
        let parts = [
            quote! {
                const __BP_EXTENDS: &[&#support::Declaration] = &[#(#extended),*];
                const __BP_OWN: &[#support::Method] = &[#(#own),*];
                const __BP_NAME: [&#private::core::primitive::str; 3] =
                    #support::name_of(#private::core::module_path!(), #name);
                const __BP_PATH: &#private::core::primitive::str = #support::read_text(
                    &#support::join_text::<{ #support::count_bytes(&__BP_NAME) }>(&__BP_NAME)
                );
                const __BP_WIRE: [&#private::core::primitive::str; 3] =
                    #support::wire_name_of(#private::core::module_path!(), #name);
                const __BP_ORIGIN: #support::Origin = #support::Origin::new(
                    #private::core::module_path!(),
                    #name,
                    #private::core::option_env!("CARGO_PKG_VERSION"),
                    #private::core::line!(),
                );
                const __BP_COUNT: #private::core::primitive::usize = #count;
                const __BP_METHODS: &[#support::Method] =
                    &#support::join_methods::<__BP_COUNT>(__BP_PATH, __BP_EXTENDS, __BP_OWN);
                const __BP_FIRST: #private::core::primitive::u16 =
                    #support::first_own(__BP_METHODS, __BP_OWN);
                static __BP_INTERFACE: #support::Interface = #support::Interface::new(
                    __BP_PATH,
                    #support::read_text(
                        &#support::join_text::<{ #support::count_bytes(&__BP_WIRE) }>(&__BP_WIRE)
                    ),
                    __BP_METHODS,
                );
            },
            self.write_client(&support, private),
            self.write_server(&support, private),
            self.write_glue(&support, private),
        ];
        quote! {
            // What the halves do with a method is no use of it that its author could change.
            #[allow(deprecated)]
            const _: () = { #(#parts)* };
        }
    }

    /// The trait for the runtime's client.
    fn write_client(&self, support: &TokenStream, private: &TokenStream) -> TokenStream {
        let ident = &self.ident;
        let methods = self.methods.iter().enumerate().map(|(own, method)| {
            let Method { arguments, .. } = method;
            let own = Literal::usize_unsuffixed(own);
            let bindings = arguments.iter().map(|argument| &argument.binding);
            let mut signature = method.signature.clone();
            let inputs = arguments
                .iter()
                .map(|Argument { binding, ty, .. }| -> FnArg { parse_quote!(#binding: #ty) });
            signature.inputs = std::iter::once(parse_quote!(&self)).chain(inputs).collect();
            let call = quote! {
                #support::Client::call_method(
                    self,
                    &__BP_INTERFACE,
                    __BP_FIRST,
                    #own,
                    (#(#bindings,)*),
                )
                .await
            };
            let call = locate(call, method.ident.span());
            let mut body = parse_quote!({ #call });
            let mut attributes = Vec::new();
            boxed::box_future(&mut attributes, &mut signature, Some(&mut body), private);
            quote!(#(#attributes)* #signature #body)
        });
        quote! {
            impl #ident for #support::Client { #(#methods)* }
        }
    }

    /// What answers calls of the methods that the trait itself declares.
    fn write_server(&self, support: &TokenStream, private: &TokenStream) -> TokenStream {
        let ident = &self.ident;
        let index = Ident::new("__bp_index", Span::mixed_site());
        let call = Ident::new("__bp_call", Span::mixed_site());
        let arms = self.methods.iter().enumerate().map(|(own, method)| {
            let own = Literal::usize_unsuffixed(own);
            let name = &method.ident;
            let bindings: Vec<_> = method.arguments.iter().map(|a| &a.binding).collect();
            let answer = quote! {
                let (#(#bindings,)*) = #support::Call::take(#call)?;
                #support::Reply::of(#ident::#name(&*self.0, #(#bindings),*).await)
            };
            let answer = locate(answer, name.span());
            quote!(#own => { #answer })
        });
        quote! {
            struct __BpServer(#private::std::sync::Arc<dyn #ident>);

            impl #support::OwnMethods for __BpServer {
                fn answer(
                    &self,
                    #index: #private::core::primitive::u16,
                    #call: #support::Call,
                ) -> #support::Dispatched<'_> {
                    #private::std::boxed::Box::pin(async move {
                        match #index {
                            #(#arms)*
                            _ => #private::core::result::Result::Err(
                                #support::Infra::unknown_method(&#call)
                            ),
                        }
                    })
                }
            }
        }
    }

    fn write_glue(&self, support: &TokenStream, private: &TokenStream) -> TokenStream {
        let Self { ident, extends, methods } = self;
        let arc = quote!(#private::std::sync::Arc);
        let methods = methods.iter().map(|Method { ident, arguments, answer, .. }| {
            let types = arguments.iter().map(|argument| &argument.ty);
            let types = quote_spanned!(ident.span()=> (#(#types,)*));
            quote!(let __bp_glue = __bp_glue.answer::<#types, #answer>();)
        });
        quote! {
            impl #support::BackendInterface for dyn #ident {
                const DECLARATION: &'static #support::Declaration =
                    &#support::Declaration::new(&__BP_INTERFACE, __BP_ORIGIN, __BP_EXTENDS);

                fn glue() -> #support::InterfaceGlue {
                    let __bp_glue = #support::InterfaceGlue::of_interface::<dyn #ident>(
                        |__bp_client| #arc::new(__bp_client),
                        |__bp_store| #arc::new(__BpServer(__bp_store)),
                    );
                    #(
                        let __bp_glue =
                            __bp_glue.extends::<dyn #ident, dyn #extends>(|__bp_store| __bp_store);
                    )*
                    #(#methods)*
                    __bp_glue
                }
            }
        }
    }
}

/// Moves what was written for a place of the trait there, so that rustc's errors are shown there; names keep their meaning.
fn locate(tokens: TokenStream, place: Span) -> TokenStream {
    let locate_one = |token: TokenTree| {
        let span = token.span().located_at(place);
        let mut token = match token {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), locate(group.stream(), place)))
            }
            other => other,
        };
        token.set_span(span);
        token
    };
    tokens.into_iter().map(locate_one).collect()
}

/// The interface that a bound names; `Send`, `Sync` and `'static` are there anyway.
fn read_supertrait(bound: &TypeParamBound, errors: &mut Errors) -> Option<Path> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let segments = &bound.path.segments;
    let plain = segments.iter().all(|part| matches!(part.arguments, PathArguments::None));
    let names: Vec<String> = segments.iter().map(|part| part.ident.unraw().to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if bound.maybe.is_none() && plain && is_marker(&names) {
        return None;
    }
    if is_of_the_language(&names) {
        errors.push(Error::new_spanned(
            bound,
            format!(
                "`{}` is not an interface: an interface extends interfaces alone, and is `Send` and `Sync` anyway",
                names.join("::")
            ),
        ));
        return None;
    }
    if !plain || bound.maybe.is_some() {
        errors.push(Error::new_spanned(
            bound,
            "an interface extends interfaces, which have no parameters",
        ));
        return None;
    }
    Some(bound.path.clone())
}

/// `Send` or `Sync`, as the language has them. No interface has these names.
fn is_marker(path: &[&str]) -> bool {
    matches!(path, ["Send" | "Sync"] | ["core" | "std", "marker", "Send" | "Sync"])
}

/// Traits of the language by their whole path or by the names that every module knows, and `Debug`, `Display` and `Hash`, which are derived.
fn is_of_the_language(path: &[&str]) -> bool {
    match path {
        [name] => LANGUAGE.contains(name),
        [first, ..] => matches!(*first, "core" | "std" | "alloc"),
        [] => false,
    }
}

const LANGUAGE: [&str; 16] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Display",
    "Drop",
    "Eq",
    "Fn",
    "FnMut",
    "FnOnce",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Sized",
    "Unpin",
];

impl Method {
    fn read(method: &TraitItemFn, errors: &mut Errors) -> Option<Self> {
        let signature = &method.sig;
        let name = &signature.ident;
        for attribute in method.attrs.iter().filter(|a| a.path().is_ident("cfg")) {
            errors.push(Error::new_spanned(
                attribute,
                format!("an interface has the same methods in every build: `{name}` cannot have `#[cfg]`"),
            ));
        }
        if let Some(conditions) = &signature.generics.where_clause {
            errors.push(Error::new_spanned(
                conditions,
                format!("an interface has the same methods in every store: `{name}` cannot have a `where` clause"),
            ));
        }
        let mut arguments = Vec::new();
        for (index, argument) in signature.inputs.iter().enumerate() {
            let FnArg::Typed(argument) = argument else { continue };
            NotAValue::check(&argument.ty, name, "take a value", errors);
            let Pat::Ident(pattern) = &*argument.pat else {
                errors.push(Error::new_spanned(
                    &argument.pat,
                    format!("an argument of `{name}` is encoded by its name: write `name: Type`"),
                ));
                continue;
            };
            arguments.push(Argument {
                name: pattern.ident.unraw().to_string(),
                binding: format_ident!("__bp_argument{index}", span = Span::mixed_site()),
                ty: (*argument.ty).clone(),
            });
        }
        let answer = match &signature.output {
            ReturnType::Type(_, ty) => {
                NotAValue::check(ty, name, "return a value", errors);
                (**ty).clone()
            }
            ReturnType::Default => {
                errors.push(Error::new_spanned(
                    name,
                    format!(
                        "a call of `{name}` can fail on its way: return `Result<T, E>`, where `E` has an `#[infra]` variant"
                    ),
                ));
                return None;
            }
        };
        Some(Self {
            ident: name.clone(),
            idempotent: method.attrs.iter().any(service::is_idempotent),
            signature: signature.clone(),
            arguments,
            answer,
        })
    }

    /// As wrappers see it; its index follows from the whole table.
    fn describe(&self, private: &TokenStream) -> TokenStream {
        let name = self.ident.unraw().to_string();
        let arguments = self.arguments.iter().map(|argument| &argument.name);
        let mark = self.idempotent.then(|| quote!(.idempotent()));
        quote!(#private::interface::Method::new(0, #name, &[#(#arguments),*]) #mark)
    }
}

/// What of a type cannot be sent, because it is not a value.
#[derive(Default)]
struct NotAValue(Option<(Span, &'static str)>);

impl NotAValue {
    fn check(ty: &Type, method: &Ident, instead: &str, errors: &mut Errors) {
        let mut found = Self::default();
        found.visit_type(ty);
        if let Some((place, what)) = found.0 {
            errors.push(Error::new(
                place,
                format!(
                    "a call of `{method}` may leave the process and cannot carry {what}: {instead}"
                ),
            ));
        }
    }
}

impl<'ast> Visit<'ast> for NotAValue {
    fn visit_type_reference(&mut self, ty: &'ast TypeReference) {
        self.0.get_or_insert((ty.span(), "a reference"));
        visit::visit_type_reference(self, ty);
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        self.0.get_or_insert((ty.span(), "an `impl Trait`"));
        visit::visit_type_impl_trait(self, ty);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.0.get_or_insert((lifetime.span(), "what has a lifetime"));
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if let Some(first) = path.segments.first().filter(|first| first.ident == "Self") {
            self.0.get_or_insert((first.span(), "`Self`, which is another type in every store"));
        }
        visit::visit_path(self, path);
    }
}
