//! Object stores, as the settings name them.

use super::connector::Connector;
use crate::outside::{Client, Outside};
use crate::settings::Upload;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreScheme, RetryConfig};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A store that takes parts one by one, also after a restart.
pub(super) trait InParts: ObjectStore + MultipartStore {
    /// The rest of it.
    fn as_store(&self) -> &dyn ObjectStore;
}

impl<T: ObjectStore + MultipartStore> InParts for T {
    fn as_store(&self) -> &dyn ObjectStore {
        self
    }
}

#[derive(Clone)]
pub(super) enum Kind {
    Parts(Arc<dyn InParts>),
    Folder(Arc<LocalFileSystem>),
}

/// A store and where in it.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) kind: Kind,
    pub(super) prefix: Path,
}

/// What fails longer is tried again later by the queue.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: Duration::from_secs(10),
    }
}

/// Opens a store: reads its secrets, connects to nothing.
///
/// # Errors
/// An option that it does not know, a secret that is not there, a URL that says too little.
pub(super) fn open(upload: &Upload, outside: &Outside) -> Result<Store, String> {
    let text = |error: &dyn Display| error.to_string();
    let url = Url::parse(&upload.url).map_err(|error| text(&error))?;
    let (scheme, prefix) = ObjectStoreScheme::parse(&url).map_err(|error| text(&error))?;
    let mut options: Vec<(String, String)> = Vec::new();
    options.extend(upload.options.iter().map(|(name, value)| (name.clone(), value.clone())));
    for (name, place) in &upload.secrets {
        let secret = place.read().map_err(|error| text(&error))?;
        options.push((name.clone(), secret.reveal().to_owned()));
    }
    let connector = Connector::new(Client::new(outside, upload.ca.as_ref())?);
    let kind = match scheme {
        ObjectStoreScheme::AmazonS3 => {
            let mut builder = AmazonS3Builder::new().with_url(&upload.url);
            for (name, value) in options {
                builder = builder.with_config(known::<AmazonS3ConfigKey>(&name)?, value);
            }
            let built = builder.with_http_connector(connector).with_retry(retry()).build();
            Kind::Parts(Arc::new(built.map_err(|error| text(&error))?))
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let mut builder = GoogleCloudStorageBuilder::new().with_url(&upload.url);
            for (name, value) in options {
                builder = builder.with_config(known::<GoogleConfigKey>(&name)?, value);
            }
            let built = builder.with_http_connector(connector).with_retry(retry()).build();
            Kind::Parts(Arc::new(built.map_err(|error| text(&error))?))
        }
        ObjectStoreScheme::MicrosoftAzure => {
            let mut builder = MicrosoftAzureBuilder::new().with_url(&upload.url);
            for (name, value) in options {
                builder = builder.with_config(known::<AzureConfigKey>(&name)?, value);
            }
            let built = builder.with_http_connector(connector).with_retry(retry()).build();
            Kind::Parts(Arc::new(built.map_err(|error| text(&error))?))
        }
        ObjectStoreScheme::Local => {
            if let Some((name, _)) = options.first() {
                return Err(format!("a folder has no option {name}"));
            }
            Kind::Folder(Arc::new(LocalFileSystem::new().with_fsync(true)))
        }
        _ => return Err("expected s3://, gs://, az:// or file://".to_owned()),
    };
    Ok(Store { kind, prefix })
}

fn known<K: FromStr>(name: &str) -> Result<K, String> {
    K::from_str(name).map_err(|_| format!("this store has no option {name}"))
}
