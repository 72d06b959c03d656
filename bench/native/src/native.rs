//! Uses a plugin written with the SDK as a transform of the host, without a
//! sandbox.

use runner_contract::{Edits, FileHead, Param, Reply, Window};
use runner_pipeline::engine::transform::{Begun, Instance, Transform};
use runner_pipeline::error::{Error, Kind, Result};
use runner_plugin::Plugin;

/// Starts a plugin on a file.
pub(crate) fn begin<P: Plugin + Send + 'static>(params: &[Param], file: FileHead<'_>) -> Result<Begun> {
    let params = params.iter().map(|param| (param.name.as_str(), param.value.clone())).collect();
    let (plugin, job) = P::begin(&params, &file).map_err(|failure| failed(failure.message))?;
    job.validate().map_err(failed)?;
    Ok((job, Instance::local(Native(plugin))))
}

fn failed(why: String) -> Error {
    Error::new(Kind::Plugin, why)
}

struct Native<P>(P);

impl<P: Plugin + Send> Transform for Native<P> {
    fn transform(&mut self, window: &Window<'_>) -> Result<Reply> {
        let mut edits = Edits::new(window);
        self.0.transform(window, &mut edits).map_err(|failure| failed(failure.message))?;
        edits.finish().map_err(failed)
    }
}
