// The conformance kit: `tenantry engines check FILE.so` finds out whether an engine does what abi.h asks of it, by
// loading it and by letting it act on a world of the author's choosing.
//
//     tenantry engines check erp.so                              what can be seen without letting a step act
//     tenantry engines check erp.so --fixture erp.json           everything
//     tenantry engines check erp.so --fixture erp.json --only 13,undo --seed 4711
//     tenantry engines check --list                              the checks and their names
//
// Exit code 0: conforming. 1: not. 2: the file, the fixture or the command line is not understood. `-o json` writes the
// report in the form of schemas/engine-check.schema.json. --seed repeats the order of parallel calls and the broken
// inputs of an earlier report; use it on a world that report has not seen, because the names of tenants repeat as well.
// --time-limit is how many seconds one call may take before it counts as hung (30).
//
// A fixture (fixture.hpp, schemas/engine-fixture.schema.json) names the settings, the documents, the secrets, and
// where to look at what was made:
//
//     {"settings": {"directory": "${folder}"}, "request": {"name": "${tenant}"}, "bad_requests": [{"name": "A B"}]}
//
// Without one, steps are asked nothing that they could act on, and what needs it is skipped and says so.
//
// How it works. The kit speaks the C contract itself, with a host of its own that hears everything and may refuse,
// cancel, or kill in the middle of a callback (room stage). It reads the file, the manifest, outputs and outcomes with
// the code of the host (room engine), and slices inputs with the host's (room model), so that the two cannot disagree.
// Each check runs in processes of its own, forked from this one, which therefore must have one thread only; a crash or
// a hang is a result of that check.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kit/report.hpp"

namespace tenantry::kit {

struct Options {
  std::filesystem::path file;
  std::filesystem::path fixture;    // empty: none
  std::vector<std::string> only;    // numbers or names; empty: all
  std::uint64_t seed = 0;           // below 2^53; 0: any
  base::Millis time_limit{30'000};  // of one call
};

// A line each: number, name, what it is about.
[[nodiscard]] std::string list_checks();

// Errors, for exit code 2: "engine.refused" if the file cannot be read, those of Fixture, "check.unknown" if `only`
// names no check. Whatever is wrong with the engine is in the report.
[[nodiscard]] base::Result<Report> check_engine(const Options& options);

}  // namespace tenantry::kit
