//! Every fault of the catalogue: detected, in the right layer, and named.

use retrograde::Result;
use retrograde::check::{self, Report, Severity};
use retrograde::faults::{self, Faulty};

fn said(report: &Report) -> String {
    report.causes().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn there_are_many_faults_and_no_two_of_one_name() {
    let mut names: Vec<&str> = faults::all().map(|fault| fault.name).collect();
    assert!(names.len() >= 40, "{}", names.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), faults::all().count());
}

#[test]
fn every_fault_is_found_in_its_layer_of_a_network_and_named() -> Result<()> {
    let (x, labels) = faults::example(4);
    let mut unnamed = Vec::new();
    for fault in faults::all() {
        let report = check::network(&mut fault.network(6, 5, 5, 3)?, &x, &labels)?;
        let wrong: Vec<usize> =
            (0..report.layers.len()).filter(|at| report.layers[*at].verdict.is_wrong()).collect();
        let (verdict, places) = match fault.severity() {
            Severity::Fault => (true, vec![fault.position()]),
            _ => (false, Vec::new()),
        };
        assert_eq!(report.verdict.is_wrong(), verdict, "{}\n{report}", fault.name);
        assert_eq!(wrong, places, "{}\n{report}", fault.name);
        if !fault.is_recognized(&report, &report.layers[fault.position()].name) {
            unnamed.push(format!("{}: {}", fault.name, said(&report)));
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    Ok(())
}

#[test]
fn every_fault_is_found_in_its_isolated_layer_at_other_shapes() -> Result<()> {
    let mut unnamed = Vec::new();
    for (rows, width) in [(3, 4), (4, 4), (2, 7)] {
        for fault in faults::all() {
            let report = match fault.isolated(rows, width) {
                Faulty::Layer(mut layer, x) => check::layer(&mut layer, &x)?,
                Faulty::Loss(mut loss, logits, labels) => check::loss(&mut loss, &logits, &labels)?,
            };
            let wrong = fault.severity() == Severity::Fault;
            assert_eq!(report.verdict.is_wrong(), wrong, "{} at {rows} × {width}\n{report}", fault.name);
            if !fault.is_recognized(&report, &report.layers[0].name) {
                unnamed.push(format!("{} at {rows} × {width}: {}", fault.name, said(&report)));
            }
        }
    }
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    Ok(())
}
