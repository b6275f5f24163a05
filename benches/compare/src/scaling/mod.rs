//! `compare scaling`: what many ranks of one node cost, measured on the cores there are, and on paper for more.

mod fit;
mod measure;
mod model;
mod options;
mod page;
mod record;
mod tables;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{child, output};
use model::Model;
use options::{HELP, Options};
use record::Record;

/// Runs the subcommand and returns the exit code.
pub fn main(parser: lexopt::Parser) -> i32 {
    let options = match options::parse(parser) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return 0;
        }
        Err(why) => {
            eprintln!("compare scaling: {why}; -h lists the options.");
            return 2;
        }
    };
    match run(&options) {
        Ok(true) => crate::INTERRUPTED,
        Ok(false) => 0,
        Err(why) => {
            eprintln!("compare scaling: {why:#}.");
            if why.is::<child::Interrupted>() { crate::INTERRUPTED } else { 1 }
        }
    }
}

/// Returns whether the user interrupted.
fn run(options: &Options) -> Result<bool> {
    for path in [&options.json, &options.html].into_iter().flatten() {
        output::check(path)?;
    }
    let record = match &options.from {
        Some(path) => Record::read(path)?,
        None => {
            let stop = Arc::new(AtomicBool::new(false));
            for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
                signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot catch Ctrl-C")?;
            }
            child::adopt_orphans()?;
            measure::measure(options, &stop)?
        }
    };
    let model = Model::of(&record);
    print!("{}", tables::text(&record, &model));
    if let Some(path) = &options.json {
        output::write(path, &json(&record)?)?;
    }
    if let Some(path) = &options.html {
        output::write(path, &page::page(&record, &model))?;
        eprintln!("compare scaling: the page is {}", path.display());
    }
    Ok(record.interrupted && options.from.is_none())
}

/// The record with the model that was fitted to it.
fn json(record: &Record) -> Result<String> {
    #[derive(Serialize)]
    struct Text<'a> {
        #[serde(flatten)]
        record: &'a Record,
        model: Model,
    }
    let text = Text { record, model: Model::of(record) };
    Ok(serde_json::to_string_pretty(&text).context("cannot form JSON")? + "\n")
}
