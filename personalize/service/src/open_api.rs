//! The OpenAPI description (version 3.1), gathered while the endpoints are.

use crate::api::Title;
use crate::problem::{MEDIA, Problem};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What can go wrong at every endpoint.
const PROBLEMS: [(&str, &str); 10] = [
    ("400", "the body cannot be read"),
    ("401", "the caller is not known"),
    ("403", "the role may not"),
    ("404", "there is no such thing"),
    ("409", "the rules do not allow it"),
    ("413", "the body is too large"),
    ("415", "the body is not JSON"),
    ("422", "a value cannot be used"),
    ("429", "too many requests"),
    ("503", "busy or stopping: ask again"),
];

/// The description so far.
pub(crate) struct Description {
    generator: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Description {
    pub(crate) fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        Self {
            generator: settings.into_generator(),
            paths: Map::new(),
        }
    }

    pub(crate) fn post<I: JsonSchema, O: JsonSchema>(&mut self, path: &str, title: Title, example: Value) {
        let body = self.generator.subschema_for::<I>();
        let mut operation = self.operation::<O>(title);
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": body, "example": example } },
        });
        self.paths.insert(path.to_owned(), json!({ "post": operation }));
    }

    pub(crate) fn get<O: JsonSchema>(&mut self, path: &str, title: Title) {
        let operation = self.operation::<O>(title);
        self.paths.insert(path.to_owned(), json!({ "get": operation }));
    }

    fn operation<O: JsonSchema>(&mut self, title: Title) -> Value {
        let answer = self.generator.subschema_for::<O>();
        let problem = self.generator.subschema_for::<Problem>();
        let mut responses = Map::new();
        responses.insert(
            "200".to_owned(),
            json!({ "description": "done", "content": { "application/json": { "schema": answer } } }),
        );
        for (status, words) in PROBLEMS {
            let mut response = json!({ "description": words, "content": { MEDIA: { "schema": problem } } });
            if ["429", "503"].contains(&status) {
                response["headers"] = json!({ "Retry-After": { "schema": { "type": "integer", "minimum": 1 } } });
            }
            responses.insert(status.to_owned(), response);
        }
        json!({
            "operationId": title.id,
            "summary": title.en,
            "description": title.zh,
            "responses": responses,
        })
    }

    pub(crate) fn finish(mut self) -> Value {
        let schemas = self.generator.take_definitions(true);
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "ssc ledger",
                "description": "The ledger of social security cards (社会保障卡台账): applications, cards, their life cycle, and the log.",
                "version": env!("CARGO_PKG_VERSION"),
                "license": { "name": env!("CARGO_PKG_LICENSE") },
            },
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": { "type": "http", "scheme": "bearer" },
                    "certificate": { "type": "mutualTLS" },
                },
            },
            "security": [{ "token": [] }, { "certificate": [] }],
        })
    }
}
