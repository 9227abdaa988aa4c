//! The OpenAPI 3.1 document of a listener.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::Plan;
use bp_plugin::plan::{
    ArgumentPlan, InterfacePlan, ListenerPlan, MethodPlan, TypeBody, VariantPlan,
};
use bp_plugin::workflow::error_code;
use serde_json::{Map, Value, json};

use crate::http::route::Route;
use crate::http::schema::Schemas;

/// A document under construction.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    plan: &'a Plan,
    listener: &'a str,
    schemas: Schemas<'a>,
    /// By path, then verb.
    paths: BTreeMap<String, BTreeMap<String, Value>>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(plan: &'a Plan, listener: &'a str) -> Self {
        Self { plan, listener, schemas: Schemas::new(plan), paths: BTreeMap::new() }
    }

    /// Adds everything that the listener serves.
    pub(crate) fn write(&mut self, listener: &ListenerPlan) {
        for (instance, served) in &listener.serves {
            let Some(interface) = self.plan.interfaces.get(&served.interface) else { continue };
            for (method, route) in crate::http::list_routes(self.plan, instance, served) {
                let operation = self.build_operation(instance, interface, method, &route);
                self.paths
                    .entry(route.path())
                    .or_default()
                    .insert(route.verb.to_ascii_lowercase(), operation);
            }
        }
    }

    fn build_operation(
        &mut self,
        instance: &str,
        interface: &InterfacePlan,
        method: &MethodPlan,
        route: &Route,
    ) -> Value {
        let in_path: BTreeSet<&str> = route.arguments().collect();
        let has_body = !matches!(route.verb, "GET" | "DELETE");
        let (mut parameters, mut body) = (Vec::new(), Vec::new());
        for argument in &method.arguments {
            if in_path.contains(argument.name.as_str()) {
                parameters.push(self.build_parameter(argument, "path"));
            } else if has_body {
                body.push(argument);
            } else {
                parameters.push(self.build_parameter(argument, "query"));
            }
        }
        let mut operation = json!({
            "operationId": format!("{instance}.{}", method.name),
            "tags": [instance],
            "summary": first_line(&method.doc, &format!("{}.{}", interface.name, method.name)),
        });
        let Some(object) = operation.as_object_mut() else { return operation };
        if !method.doc.is_empty() {
            object.insert("description".into(), method.doc.clone().into());
        }
        if !parameters.is_empty() {
            object.insert("parameters".into(), parameters.into());
        }
        if has_body {
            let schema =
                self.schemas.build_object(body.iter().map(|a| (a.name.as_str(), &a.ty, "")));
            object.insert("requestBody".into(), json!({ "content": as_json(&schema) }));
        }
        object.insert("responses".into(), self.build_responses(method));
        operation
    }

    fn build_parameter(&mut self, argument: &ArgumentPlan, place: &str) -> Value {
        let mut parameter = json!({
            "name": argument.name,
            "in": place,
            "schema": self.schemas.build_schema(&argument.ty),
        });
        if let Some(object) = parameter.as_object_mut().filter(|_| place == "path") {
            object.insert("required".into(), true.into());
        }
        parameter
    }

    fn build_responses(&mut self, method: &MethodPlan) -> Value {
        let answer = self.schemas.build_schema(&method.answer);
        let mut responses = Map::new();
        responses.insert(
            "200".into(),
            json!({ "description": "The answer.", "content": as_json(&answer) }),
        );
        let error = method.error.as_ref().and_then(|path| Some((path, self.plan.types.get(path)?)));
        if let Some((path, definition)) = error
            && let TypeBody::Enum { variants } = &definition.body
        {
            let detail = self.schemas.define_named(path);
            let mut by_status: BTreeMap<u16, Vec<&VariantPlan>> = BTreeMap::new();
            for variant in variants {
                by_status.entry(http_status(variant.status.as_deref())).or_default().push(variant);
            }
            for (status, variants) in by_status {
                let codes: Vec<String> = variants.iter().map(|v| error_code(&v.name)).collect();
                let schema = json!({
                    "type": "object",
                    "properties": {
                        "code": { "enum": codes },
                        "message": { "type": "string" },
                        "detail": detail,
                    },
                    "required": ["code", "message", "detail"],
                });
                let description = format!("One of: {}.", codes.join(", "));
                let response = json!({ "description": description, "content": as_json(&schema) });
                responses.insert(status.to_string(), response);
            }
        }
        responses
            .insert("default".into(), json!({ "$ref": "#/components/responses/Infrastructure" }));
        Value::Object(responses)
    }

    /// The document's text.
    pub(crate) fn finish(self) -> String {
        let infrastructure = json!({
            "type": "object",
            "properties": {
                "code": { "type": "string" },
                "message": { "type": "string" },
                "processed": { "enum": ["no", "maybe", "yes"] },
            },
            "required": ["code", "message", "processed"],
        });
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": format!("{} {}", self.plan.app.name, self.listener),
                "description": "@generated by bp. Do not edit.",
                "version": "1",
            },
            "paths": self.paths,
            "components": {
                "schemas": self.schemas.into_definitions(),
                "responses": {
                    "Infrastructure": {
                        "description": "The service gave no answer; the header `bp-infra` says why.",
                        "content": as_json(&infrastructure),
                    },
                },
            },
        });
        let mut text = format!("{document:#}");
        text.push('\n');
        text
    }
}

fn as_json(schema: &Value) -> Value {
    let content: Map<String, Value> =
        std::iter::once(("application/json".to_owned(), json!({ "schema": schema }))).collect();
    Value::Object(content)
}

fn first_line(doc: &str, otherwise: &str) -> String {
    doc.lines().next().filter(|line| !line.is_empty()).unwrap_or(otherwise).to_owned()
}

/// The HTTP status of a canonical one, as google.rpc.Code documents the mapping.
fn http_status(status: Option<&str>) -> u16 {
    match status.unwrap_or("unknown") {
        "invalid_argument" | "failed_precondition" | "out_of_range" => 400,
        "unauthenticated" => 401,
        "permission_denied" => 403,
        "not_found" => 404,
        "already_exists" | "aborted" => 409,
        "resource_exhausted" => 429,
        "cancelled" => 499,
        "unimplemented" => 501,
        "unavailable" => 503,
        "deadline_exceeded" => 504,
        _ => 500,
    }
}
