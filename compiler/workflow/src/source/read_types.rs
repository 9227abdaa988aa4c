//! From syn's types to [`TypeExpr`].

use quote::ToTokens as _;
use syn::{
    GenericArgument as SynArgument, PathArguments, PointerMutability, ReturnType, Type,
    TypeParamBound,
};

use super::syntax::{path_place, place, type_place, use_path, written};
use super::type_expr::{Arguments, Bound, GenericArgument, Length, PathExpr, TypeExpr, TypeForm};

/// Reads a type.
pub(super) fn read_type(ty: &Type) -> TypeExpr {
    TypeExpr { place: type_place(ty), form: read_form(ty) }
}

fn read_boxed(ty: &Type) -> Box<TypeExpr> {
    Box::new(read_type(ty))
}

fn read_form(ty: &Type) -> TypeForm {
    match ty {
        Type::Path(path) if path.qself.is_none() => TypeForm::Path(Box::new(read_path(&path.path))),
        Type::Paren(inner) => TypeForm::Paren(read_boxed(&inner.elem)),
        Type::Group(inner) => TypeForm::Paren(read_boxed(&inner.elem)),
        Type::Tuple(tuple) => TypeForm::Tuple(tuple.elems.iter().map(read_type).collect()),
        Type::Array(array) => TypeForm::Array(read_boxed(&array.elem), read_length(&array.len)),
        Type::Reference(reference) => TypeForm::Reference {
            lifetime: reference.lifetime.as_ref().map(ToString::to_string),
            mutable: reference.mutability.is_some(),
            target: read_boxed(&reference.elem),
        },
        Type::TraitObject(object) => {
            TypeForm::Object(object.bounds.iter().map(read_bound).collect())
        }
        Type::ImplTrait(anonymous) => {
            TypeForm::Anonymous(anonymous.bounds.iter().map(read_bound).collect())
        }
        Type::Slice(slice) => TypeForm::Slice(read_boxed(&slice.elem)),
        Type::Ptr(pointer) => TypeForm::Pointer {
            mutable: matches!(pointer.mutability, PointerMutability::Mut(_)),
            target: read_boxed(&pointer.elem),
        },
        Type::Never(_) => TypeForm::Never,
        other => TypeForm::Other(written(other)),
    }
}

fn read_length(expression: &syn::Expr) -> Length {
    let number = match expression {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(n), .. }) => n.base10_parse().ok(),
        _ => None,
    };
    number.map_or_else(|| Length::Other(written(expression)), Length::Number)
}

fn read_path(path: &syn::Path) -> PathExpr {
    let last = path.segments.last();
    PathExpr {
        path: use_path(path),
        name: last.map(|s| place(s.ident.span())).unwrap_or_default(),
        arguments: last.map_or(Arguments::None, |s| read_arguments(&s.arguments)),
    }
}

fn read_arguments(arguments: &PathArguments) -> Arguments {
    match arguments {
        PathArguments::None => Arguments::None,
        PathArguments::AngleBracketed(list) => {
            Arguments::Angle(list.args.iter().map(read_argument).collect())
        }
        PathArguments::Parenthesized(list) => {
            let inputs = list.inputs.iter().map(|i| read_type(&i.ty)).collect();
            let output = match &list.output {
                ReturnType::Default => None,
                ReturnType::Type(_, ty) => Some(read_boxed(ty)),
            };
            Arguments::Parenthesized(inputs, output)
        }
    }
}

fn read_argument(argument: &SynArgument) -> GenericArgument {
    match argument {
        SynArgument::Type(ty) => GenericArgument::Type(read_type(ty)),
        SynArgument::AssocType(a) => {
            GenericArgument::Assigned(a.ident.to_string(), read_type(&a.ty))
        }
        other => GenericArgument::Other(written(other)),
    }
}

fn read_bound(bound: &TypeParamBound) -> Bound {
    match bound {
        TypeParamBound::Trait(t) => Bound::Trait {
            place: path_place(&t.path),
            maybe: t.maybe.is_some() && t.to_token_stream().to_string().starts_with('?'),
            path: read_path(&t.path),
        },
        other => Bound::Other(written(other)),
    }
}
