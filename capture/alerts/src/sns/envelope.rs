//! What Amazon SNS posts, and the text of it that is signed.

use serde::Deserialize;

/// Bytes of an address or a token; SNS' are shorter.
const FIELD_MAX: usize = 4096;

/// A message of SNS. Both spellings of the addresses are in use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Envelope {
    /// `Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
    pub(crate) r#type: String,
    pub(crate) message_id: String,
    pub(crate) topic_arn: String,
    #[serde(default)]
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    pub(crate) timestamp: String,
    pub(crate) signature_version: String,
    pub(crate) signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    pub(crate) signing_cert_url: String,
    #[serde(default)]
    pub(crate) token: Option<String>,
    #[serde(default, rename = "SubscribeURL", alias = "SubscribeUrl")]
    pub(crate) subscribe_url: Option<String>,
}

impl Envelope {
    /// Reads one. Cheap: what it does not name is skipped, not kept.
    pub(crate) fn read(body: &[u8]) -> Result<Envelope, String> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(|error| format!("no message of SNS: {error}"))?;
        // The signed text separates names and values by line ends. Only the message may have some, or one signature would
        // fit several messages.
        let singles = [
            ("Type", Some(&envelope.r#type)),
            ("MessageId", Some(&envelope.message_id)),
            ("TopicArn", Some(&envelope.topic_arn)),
            ("Subject", envelope.subject.as_ref()),
            ("Timestamp", Some(&envelope.timestamp)),
            ("Token", envelope.token.as_ref()),
            ("SubscribeURL", envelope.subscribe_url.as_ref()),
        ];
        for (name, value) in singles {
            if value.is_some_and(|value| value.contains('\n') || value.len() > FIELD_MAX) {
                return Err(format!("{name}: expected one line of at most {FIELD_MAX} bytes"));
            }
        }
        Ok(envelope)
    }

    /// Whether a body claims to be one.
    pub(crate) fn is_claimed(body: &[u8]) -> bool {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Claim {
            #[serde(rename = "TopicArn")]
            _topic: serde::de::IgnoredAny,
            #[serde(rename = "Signature")]
            _signature: serde::de::IgnoredAny,
        }
        serde_json::from_slice::<Claim>(body).is_ok()
    }

    /// The text that is signed: "Verifying the signatures of Amazon SNS messages" in the developer guide of SNS.
    pub(crate) fn signed_text(&self) -> Result<String, String> {
        let missing = |name: &str| format!("{name}: expected a text, found nothing");
        let fields: Vec<(&str, &str)> = match self.r#type.as_str() {
            "Notification" => {
                let mut fields = vec![("Message", &*self.message), ("MessageId", &*self.message_id)];
                fields.extend(self.subject.as_deref().map(|subject| ("Subject", subject)));
                fields.extend([
                    ("Timestamp", &*self.timestamp),
                    ("TopicArn", &*self.topic_arn),
                    ("Type", &*self.r#type),
                ]);
                fields
            }
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => vec![
                ("Message", &*self.message),
                ("MessageId", &*self.message_id),
                (
                    "SubscribeURL",
                    self.subscribe_url.as_deref().ok_or_else(|| missing("SubscribeURL"))?,
                ),
                ("Timestamp", &*self.timestamp),
                ("Token", self.token.as_deref().ok_or_else(|| missing("Token"))?),
                ("TopicArn", &*self.topic_arn),
                ("Type", &*self.r#type),
            ],
            _ => {
                return Err(
                    "Type: expected Notification, SubscriptionConfirmation or UnsubscribeConfirmation".to_owned(),
                );
            }
        };
        Ok(fields
            .iter()
            .map(|(name, value)| format!("{name}\n{value}\n"))
            .collect())
    }
}
