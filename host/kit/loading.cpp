// Checks 1 to 6: the file, its table, its manifest, and what it says to a request.
#include <tenantry/abi.h>

#include <algorithm>
#include <thread>

#include "base/text.hpp"
#include "engine/elf.hpp"
#include "engine/limits.hpp"
#include "engine/manifest_reader.hpp"
#include "kit/checks.hpp"

namespace tenantry::kit {
namespace {

using model::Outcome;
using stage::Subject;

constexpr const char* kFixFlags =
    "Build it with the CMake function tenantry_add_engine(), or with -fvisibility=hidden -fno-gnu-unique "
    "-Wl,--version-script=exports.map -Wl,--exclude-libs,ALL and without -static-libgcc.";

std::string fix_of_exports(const std::string& fault) {
  if (fault.find("-fno-gnu-unique") != std::string::npos)
    return "Compile with -fno-gnu-unique and hidden visibility; tenantry_add_engine() in CMake sets both.";
  if (fault.find("-static-libgcc") != std::string::npos)
    return "Link libgcc dynamically: leave -static-libgcc out (tenantry_add_engine() in CMake never sets it).";
  return kFixFlags;
}

std::string fix_of_entry(const std::string& fault) {
  const auto has = [&](const char* words) { return fault.find(words) != std::string::npos; };
  if (has("needs a host of ABI"))
    return "Compile for an older minor version: -DTENANTRY_ABI_TARGET=0, min_host_minor 0.";
  if (has("found that it does not"))
    return "Define `const tenantry_plugin* tenantry_plugin_v1(void)` with TENANTRY_EXPORT and C linkage; in C++ write "
           "TENANTRY_ENGINE(YourEngine) once.";
  if (has("cannot be loaded"))
    return "Link every library it needs (-Wl,-z,defs finds what is missing); tenantry_add_engine() in CMake does.";
  return "Fill the table as abi.h says: magic, size, abi_major and the functions manifest, open, close, invoke.";
}

std::string sentence(std::string words) {
  words = base::shorten(words, 300);
  return !words.empty() && words.back() == '.' ? words : words + ".";
}

void add_problems(Verdict& verdict, const std::vector<base::Problem>& problems, bool of_schema) {
  for (const auto& problem : problems) {
    const auto& pointer = problem.pointer;
    const bool in_step_schema = pointer.starts_with("/steps/") && pointer.find("/output") != std::string::npos &&
                                pointer.find("/input") == std::string::npos;
    const bool schema = pointer.starts_with("/request") || pointer.starts_with("/settings") || in_step_schema;
    if (schema != of_schema) continue;
    verdict.fail("Manifest" + (pointer.empty() ? "" : " at " + pointer) + ": " + sentence(problem.message),
                 of_schema ? "Use the keywords of the JSON Schema subset in schema.hpp only; what it says must hold."
                           : "Every step that is read or waited for exists, and none waits for itself; with the SDK a "
                             "graph that compiles is right.");
  }
}

}  // namespace

void check_entry(Exam& exam, Verdict& verdict) {
  const auto fault = engine::find_elf_fault(exam.candidate().file.bytes);
  const auto ending = stage::contain(
      [&](stage::Wire& wire) {
        const auto subject = Subject::load(exam.candidate().file, exam.candidate().copy, wire, exam.candidate().limit);
        if (subject.has_error()) return json::value{{"refused", subject.error().message}};
        const auto& table = (*subject)->table();
        json::array odd;
        if (table.reserved0 != 0 || table.reserved1 != 0) odd.push_back("the reserved fields are not 0");
        if (table.abi_minor < table.min_host_minor) odd.push_back("min_host_minor is newer than abi_minor");
        if ((*subject)->built_with().empty()) odd.push_back("built_with is empty");
        return json::value{{"built_with", (*subject)->built_with()}, {"odd", std::move(odd)}};
      },
      exam.candidate().limit);
  if (ending.kind != stage::Ending::Kind::kReturned) {
    const auto what = fault ? *fault : "expected that it can be loaded, found that " + stage::how_it_ended(ending);
    return verdict.fail(exam.candidate().file.name + ": " + what + ".", fix_of_entry(what));
  }
  if (const auto* refused = ending.answer.as_object().if_contains("refused")) {
    const auto what =
        fault ? exam.candidate().file.name + ": " + *fault + "." : std::string(refused->as_string().c_str());
    return verdict.fail(what, fix_of_entry(what));
  }
  verdict.data["built_with"] = ending.answer.at("built_with");
  for (const auto& odd : ending.answer.at("odd").as_array())
    verdict.fail("Expected a table as abi.h describes it, found that " + std::string(odd.as_string().c_str()) + ".",
                 "Fill in the table of tenantry_plugin_v1().");
}

void check_exports(Exam& exam, Verdict& verdict) {
  if (const auto fault = engine::find_elf_fault(exam.candidate().file.bytes))
    verdict.fail(exam.candidate().file.name + ": " + *fault + ".", fix_of_exports(*fault));
}

void check_manifest_repeat(Exam& exam, Verdict& verdict) {
  exam.in_process(
      verdict,
      [](Subject& subject, Verdict& found) {
        bool threw = false;
        const auto first = subject.manifest(&threw);
        auto second = subject.manifest(&threw);
        std::string third;
        std::thread([&] { third = subject.manifest(&threw); }).join();
        if (threw)
          return found.fail("Expected a manifest, found that manifest() throws.", "Catch everything in manifest().");
        if (first != second || first != third)
          return found.fail("Expected the same manifest every time, found " +
                                stage::difference(first, first != second ? second : third) + ".",
                            "Leave times, counters and addresses out of the manifest.");
        if (first.size() > engine::kMaxManifest)
          found.fail(
              "Expected a manifest of at most " + std::to_string(engine::kMaxManifest) + " bytes, found a longer one.",
              "Shorten descriptions and examples.");
        found.data["manifest"] = base::to_utf8(first);
        if (!base::is_utf8(first)) found.fail("Expected a manifest in UTF-8, found other bytes.", "Write it in UTF-8.");
      },
      Exam::Opened::kNo);
}

void check_manifest_schema(Exam& exam, Verdict& verdict) {
  Verdict asked;
  check_manifest_repeat(exam, asked);
  const auto* text = asked.data.if_contains("manifest");
  if (text == nullptr) return verdict.fail("Expected a manifest, found none.", "See check 3.");
  auto manifest = engine::read_manifest({text->as_string().data(), text->as_string().size()});
  if (manifest.has_value()) {
    exam.candidate().contract =
        std::make_shared<const engine::Contract>(std::make_shared<const model::Manifest>(std::move(*manifest)));
    return;
  }
  const auto& error = manifest.error();
  json::array graph;
  if (error.message == "The manifest contradicts itself.") {
    add_problems(verdict, error.problems, true);
    Verdict rest;
    add_problems(rest, error.problems, false);
    verdict.data["graph"] = rest.to_json();
    return;
  }
  for (const auto& problem : error.problems)
    verdict.fail(
        "Manifest" + (problem.pointer.empty() ? "" : " at " + problem.pointer) + ": " + sentence(problem.message),
        "Hold it against schemas/engine-manifest.schema.json.");
  if (error.problems.empty()) verdict.fail("Manifest: " + error.message, "");
  verdict.data["form"] = true;
}

void check_graph(Exam& exam, Verdict& verdict) {
  if (exam.candidate().contract) return;
  Verdict form;
  check_manifest_schema(exam, form);
  if (const auto* graph = form.data.if_contains("graph")) return verdict.add(*graph);
  verdict.skip("the manifest is not readable, see check 4");
}

void check_request(Exam& exam, Verdict& verdict) {
  const auto& candidate = exam.candidate();
  std::vector<json::value> bad;
  std::vector<json::value> passed;  // bad ones that the schema lets through
  if (candidate.fixture != nullptr) {
    const auto tenant = exam.tenant();
    const auto complete = exam.contract().complete_request(tenant.scene.documents.request);
    if (complete.has_error())
      for (const auto& problem : complete.error().problems)
        verdict.fail("Request of the fixture at " + problem.pointer + ": " + problem.message + ".",
                     "Correct the request in the fixture, or the engine's request schema.");
    for (const auto& request : tenant.scene.bad_requests)
      if (exam.contract().complete_request(request).has_value()) passed.push_back(request);
  } else if (candidate.example.is_null()) {
    return verdict.skip("no request can be made up from the schema; give a fixture");
  }
  if (!verdict.ok()) return;
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto rehearsal = exam.bystander();
    const auto validate = [&](const json::value* request) {
      auto asked = rehearsal.ask_validate();
      if (request != nullptr) asked.input = json::serialize(*request);
      return rehearsal.call(subject, asked);
    };
    const auto good = validate(nullptr);
    if (!keeps_contract(found, "VALIDATE", good)) return;
    const bool judges = good.answer.outcome != Outcome::kUnsupported;
    if (judges && good.answer.outcome != Outcome::kDone && good.answer.outcome != Outcome::kAlreadyDone)
      return found.fail("VALIDATE: expected done with a list of problems, found " + stage::words(good) + ".",
                        "Answer DONE with {\"problems\":[]}, or UNSUPPORTED.");
    if (judges && candidate.fixture != nullptr) {
      const auto answer = base::parse_json(good.answer.output);
      if (answer.has_value() && !answer->at("problems").as_array().empty())
        found.fail("VALIDATE: expected no problem with the fixture's request, found " +
                       base::shorten(json::serialize(answer->at("problems")), 300) + ".",
                   "Correct the request in the fixture, or VALIDATE.");
    }
    for (const auto& request : passed) {
      const auto heard = validate(&request);
      const auto answer = base::parse_json(heard.answer.output.empty() ? "null" : heard.answer.output);
      const auto* problems = answer.has_value() ? base::find_pointer(*answer, "/problems") : nullptr;
      if (problems == nullptr || !problems->is_array() || problems->get_array().empty())
        found.fail("Bad request " + base::shorten(json::serialize(request), 120) +
                       ": expected that the request schema or VALIDATE refuses it, found that both accept it.",
                   "Say so in the request schema (pattern, enum, minimum), or answer VALIDATE with a problem.");
    }
    if (!judges) found.reason = "VALIDATE is not supported; the schema alone judges requests";
  });
}

}  // namespace tenantry::kit
