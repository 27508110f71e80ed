//! gen-rust PROTO_DIR OUT_DIR FILE…: prost messages and tonic clients and servers for these .proto files.
use std::{env, error::Error, path::PathBuf, process::ExitCode};

fn run() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1).map(PathBuf::from);
    let (Some(proto), Some(out)) = (args.next(), args.next()) else {
        return Err("usage: gen-rust PROTO_DIR OUT_DIR FILE…".into());
    };
    let files: Vec<PathBuf> = args.map(|name| proto.join(name)).collect();

    tonic_prost_build::configure()
        .out_dir(out)
        .emit_rerun_if_changed(false)
        .compile_protos(&files, &[proto, PathBuf::from("/usr/include")])?;
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gen-rust: {error}");
            ExitCode::FAILURE
        }
    }
}
