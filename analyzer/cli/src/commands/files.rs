//! `analyze files`

use super::descriptors::{self, DescriptorArgs, Listing, or_dash};
use crate::json;
use crate::status::Status;
use anyhow::Result;
use serde::Serialize;

/// List the files that were open at a time, and all other descriptors but sockets
#[derive(clap::Args)]
#[command(
    after_help = "Keys of --json: pid, process, container_id, container_name, fd, type, name; null where not known.\n\n\
    Examples:\n  \
    analyze files t.scap                                 at the end of the trace\n  \
    analyze files t.scap --at 10:00:05.25                then\n  \
    analyze files t.scap --at -30s --process nginx       of one program, half a minute before the end\n  \
    analyze files t.scap --container web --json          for scripts"
)]
pub(crate) struct Args {
    #[command(flatten)]
    descriptors: DescriptorArgs,
}

#[derive(Serialize)]
struct Object {
    r#type: &'static str,
    name: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let listing = Listing {
        noun: "open file",
        has: |open| !open.is_socket(),
        columns: &["TYPE", "NAME"],
        cells: |descriptor| vec![descriptor.ty.names().0.to_string(), or_dash(&descriptor.name)],
        object: |descriptor| Object {
            r#type: descriptor.ty.names().0,
            name: (!descriptor.name.is_empty()).then(|| json::text(&descriptor.name)),
        },
    };
    descriptors::run(&args.descriptors, &listing)
}
