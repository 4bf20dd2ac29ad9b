//! The files of a capture to an object store: large ones in parts, each remembered when it is there.

use super::job::{Outcome, Pending};
use super::progress::{Progress, Stamp};
use super::store::{InParts, Kind, Store};
use crate::settings::Upload;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutResult};
use std::path::Path as FilePath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Tries without any part more after which an upload begins anew.
const STUCK_MAX: u32 = 3;

/// Why a file is not there yet.
enum Failure {
    /// Perhaps the next time.
    Again(String),
    /// The file itself is gone.
    Gone(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Again(without_queries(&error.to_string()))
    }
}

/// One try: what is not there yet.
pub(super) async fn copy(settings: &Upload, store: &Store, pending: &Pending, progress_file: &FilePath) -> Outcome {
    let path = progress_file.to_owned();
    let mut progress = tokio::task::spawn_blocking(move || Progress::read(&path))
        .await
        .unwrap_or_default();
    for file in &pending.files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
            return Outcome::never(format!("{}: has no name", file.display()));
        };
        let object = store.prefix.clone().join(&*pending.capture).join(name);
        let part = settings.part_bytes;
        let one = One {
            file,
            object: &object,
            part,
            progress_file,
        };
        if let Err(failure) = one.copy(&store.kind, &mut progress).await {
            return match failure {
                Failure::Again(why) => Outcome::again(format!("{name}: {why}")),
                Failure::Gone(why) => Outcome::never(format!("{name}: {why}")),
            };
        }
    }
    Outcome::Done {
        place: format!("{}/{}/", settings.url.trim_end_matches('/'), pending.capture),
    }
}

struct One<'a> {
    file: &'a FilePath,
    object: &'a Path,
    part: u64,
    progress_file: &'a FilePath,
}

impl One<'_> {
    async fn copy(&self, store: &Kind, progress: &mut Progress) -> Result<(), Failure> {
        let mut file = File::open(self.file).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::Gone("the file is gone".to_owned()),
            _ => Failure::Again(error.to_string()),
        })?;
        let stamp = Stamp::of(&file.metadata().await.map_err(here)?, self.part);
        let plain: &dyn ObjectStore = match store {
            Kind::Parts(store) => store.as_store(),
            Kind::Folder(store) => &**store,
        };
        let done = progress.object(self.object.as_ref(), stamp).clone();
        if done.done && self.is_there(plain, stamp, done.e_tag.as_deref()).await? {
            return Ok(());
        }
        let put = match store {
            Kind::Folder(store) => self.folder(store, &mut file).await?,
            Kind::Parts(store) if stamp.size > self.part => self.parts(&**store, &mut file, stamp, progress).await?,
            Kind::Parts(store) => {
                let bytes = read(&mut file, self.part).await?;
                store.put(self.object, PutPayload::from_bytes(bytes)).await?
            }
        };
        if !self.is_there(plain, stamp, put.e_tag.as_deref()).await? {
            progress.objects.remove(self.object.as_ref());
            self.save(progress).await?;
            return Err(Failure::Again("the store has something else than was sent".to_owned()));
        }
        let object = progress.object(self.object.as_ref(), stamp);
        object.done = true;
        object.e_tag = put.e_tag;
        object.upload = None;
        object.parts.clear();
        self.save(progress).await
    }

    /// Whether the store has it: the size, and the tag that it gave.
    async fn is_there(&self, store: &dyn ObjectStore, stamp: Stamp, e_tag: Option<&str>) -> Result<bool, Failure> {
        match store.head(self.object).await {
            Ok(found) => {
                let same = e_tag.is_none() || found.e_tag.is_none() || found.e_tag.as_deref() == e_tag;
                Ok(found.size == stamp.size && same)
            }
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn parts(
        &self,
        store: &dyn InParts,
        file: &mut File,
        stamp: Stamp,
        progress: &mut Progress,
    ) -> Result<PutResult, Failure> {
        let before = progress.object(self.object.as_ref(), stamp).parts.len();
        let put = self.parts_from_there(store, file, stamp, progress).await;
        let Err(error) = put else {
            return Ok(put?);
        };
        let object = progress.object(self.object.as_ref(), stamp);
        object.stuck = if object.parts.len() > before { 0 } else { object.stuck };
        // A store that is away has not forgotten anything.
        if self.is_there(store.as_store(), stamp, None).await.is_ok() {
            object.stuck += 1;
        }
        // What was begun is forgotten, or there is something wrong with it.
        if matches!(error, Error::NotFound { .. }) || object.stuck >= STUCK_MAX {
            let begun = progress
                .objects
                .remove(self.object.as_ref())
                .and_then(|object| object.upload);
            if let Some(upload) = begun {
                // Parts that nobody ends are paid for. If it fails, the store's own rules end them.
                let _ = store.abort_multipart(self.object, &upload).await;
            }
        }
        self.save(progress).await?;
        Err(error.into())
    }

    async fn parts_from_there(
        &self,
        store: &dyn InParts,
        file: &mut File,
        stamp: Stamp,
        progress: &mut Progress,
    ) -> Result<PutResult, Error> {
        let wrong = |source: std::io::Error| Error::Generic {
            store: "file",
            source: Box::new(source),
        };
        let saved = |saved: Result<(), Failure>| match saved {
            Ok(()) => Ok(()),
            Err(Failure::Again(why) | Failure::Gone(why)) => Err(wrong(std::io::Error::other(why))),
        };
        let begun = progress.object(self.object.as_ref(), stamp).upload.clone();
        let upload = match begun {
            Some(upload) => upload,
            None => {
                let upload = store.create_multipart(self.object).await?;
                progress.object(self.object.as_ref(), stamp).upload = Some(upload.clone());
                saved(self.save(progress).await)?;
                upload
            }
        };
        let count = stamp.size.div_ceil(self.part);
        let there = progress.object(self.object.as_ref(), stamp).parts.len() as u64;
        file.seek(std::io::SeekFrom::Start(there * self.part))
            .await
            .map_err(wrong)?;
        for at in there..count {
            let bytes = read(file, self.part)
                .await
                .map_err(|_| wrong(std::io::ErrorKind::UnexpectedEof.into()))?;
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let part = store
                .put_part(self.object, &upload, at, PutPayload::from_bytes(bytes))
                .await?;
            progress.object(self.object.as_ref(), stamp).parts.push(part.content_id);
            saved(self.save(progress).await)?;
        }
        let parts = progress.object(self.object.as_ref(), stamp).parts.iter();
        let parts = parts.map(|part| PartId {
            content_id: part.clone(),
        });
        store.complete_multipart(self.object, &upload, parts.collect()).await
    }

    /// A folder: written beside and moved. There is nothing to resume that would be worth it.
    async fn folder(&self, store: &LocalFileSystem, file: &mut File) -> Result<PutResult, Failure> {
        let mut upload = store.put_multipart(self.object).await?;
        loop {
            let bytes = read(file, self.part).await?;
            if bytes.is_empty() {
                return Ok(upload.complete().await?);
            }
            if let Err(error) = upload.put_part(PutPayload::from_bytes(bytes)).await {
                let _ = upload.abort().await;
                return Err(error.into());
            }
        }
    }

    async fn save(&self, progress: &Progress) -> Result<(), Failure> {
        progress.save(self.progress_file.to_owned()).await.map_err(here)
    }
}

fn here(error: std::io::Error) -> Failure {
    Failure::Again(error.to_string())
}

/// The next bytes of the file, at most `most`.
async fn read(file: &mut File, most: u64) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).await.map_err(here)?;
    Ok(Bytes::from(bytes))
}

/// Queries of URLs may be signed, which makes them secrets.
fn without_queries(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut in_query = false;
    for c in text.chars() {
        if in_query && (c.is_whitespace() || "\"'<>)".contains(c)) {
            in_query = false;
        }
        if !in_query {
            shown.push(c);
        }
        if c == '?' {
            in_query = true;
        }
    }
    shown.truncate(shown.floor_char_boundary(512));
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_no_queries() {
        let text = "error for url (https://a.blob.example/c/x?sig=S3CRET&sp=r): refused";
        assert_eq!(
            without_queries(text),
            "error for url (https://a.blob.example/c/x?): refused"
        );
    }
}
