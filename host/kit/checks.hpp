// The checks themselves. Each gets an exam to make its processes and tenants with, and writes what is wrong into the
// verdict. Those under "acting" need a fixture; those under "asking" make no call that may act without one.
#pragma once
#include "kit/exam.hpp"

namespace tenantry::kit {

// The file and its manifest; before there is a contract.
void check_entry(Exam& exam, Verdict& verdict);
void check_exports(Exam& exam, Verdict& verdict);
void check_manifest_repeat(Exam& exam, Verdict& verdict);
void check_manifest_schema(Exam& exam, Verdict& verdict);  // sets the candidate's contract if it can
void check_graph(Exam& exam, Verdict& verdict);

// Asking.
void check_request(Exam& exam, Verdict& verdict);
void check_malformed_input(Exam& exam, Verdict& verdict);
void check_unsupported(Exam& exam, Verdict& verdict);
void check_hygiene(Exam& exam, Verdict& verdict);
void check_reopen(Exam& exam, Verdict& verdict);
void check_sanitizers(Exam& exam, Verdict& verdict);

// Acting.
void check_run(Exam& exam, Verdict& verdict);
void check_run_twice(Exam& exam, Verdict& verdict);
void check_parallel(Exam& exam, Verdict& verdict);
void check_cancellation(Exam& exam, Verdict& verdict);
void check_deadline(Exam& exam, Verdict& verdict);
void check_killed(Exam& exam, Verdict& verdict);
void check_checkpoint_refused(Exam& exam, Verdict& verdict);
void check_secrets(Exam& exam, Verdict& verdict);
void check_missing_secret(Exam& exam, Verdict& verdict);
void check_verify(Exam& exam, Verdict& verdict);
void check_undo(Exam& exam, Verdict& verdict);
void check_read_only(Exam& exam, Verdict& verdict);
void check_other_hosts(Exam& exam, Verdict& verdict);

}  // namespace tenantry::kit
