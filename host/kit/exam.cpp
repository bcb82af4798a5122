#include "kit/exam.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/text.hpp"

namespace tenantry::kit {
namespace {

using model::Op;
using model::Outcome;

constexpr const char* kFixDeath =
    "Run the engine under the preset asan to see where; an engine never ends the process it lives in, and never reads "
    "beyond a text's size or after the call.";

std::string base36(std::uint64_t number, std::size_t digits) {
  std::string out(digits, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit, number /= 36)
    *digit = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
  return out;
}

std::string text_of(const json::value& value) { return {value.get_string().data(), value.get_string().size()}; }

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::string seen(const std::vector<stage::Place>& places, Verdict& verdict) {
  auto out = stage::look(places);
  if (out.has_value()) return *out;
  verdict.fail(out.error().message, out.error().next_action);
  return {};
}

}  // namespace

void Verdict::fail(std::string message, std::string fix) {
  Finding finding{std::move(message), std::move(fix)};
  if (findings.size() < 10 && std::find(findings.begin(), findings.end(), finding) == findings.end())
    findings.push_back(std::move(finding));
}

void Verdict::expected(const std::string& where, const std::string& what, const std::string& found, std::string fix) {
  fail(where + ": expected " + what + ", found " + found + ".", std::move(fix));
}

void Verdict::skip(std::string why) {
  skipped = true;
  reason = std::move(why);
}

json::value Verdict::to_json() const {
  json::array list;
  for (const auto& finding : findings) list.push_back({{"message", finding.message}, {"fix", finding.fix}});
  return {{"findings", std::move(list)}, {"skipped", skipped}, {"reason", reason}, {"data", data}};
}

void Verdict::add(const json::value& from) {
  const auto* object = from.if_object();
  if (object == nullptr || !object->contains("findings")) return;
  for (const auto& finding : object->at("findings").as_array())
    fail(text_of(finding.at("message")), text_of(finding.at("fix")));
  if (object->at("skipped").as_bool()) skipped = true;
  if (auto why = text_of(object->at("reason")); !why.empty()) reason = std::move(why);
  for (const auto& member : object->at("data").as_object()) data[member.key()] = member.value();
}

const Expected& Tenant::expected(const std::string& step, Expected ExpectedOfStep::*which) const {
  static const Expected kAnything;
  const auto found = scene.steps.find(step);
  return found == scene.steps.end() ? kAnything : found->second.*which;
}

bool Tenant::takes_over(const std::string& step) const {
  const auto found = scene.steps.find(step);
  return found != scene.steps.end() && found->second.takes_over;
}

std::string Tenant::snapshot(Verdict& verdict) const { return seen(scene.snapshot, verdict); }

std::string Tenant::result(Verdict& verdict) const {
  auto out = seen(scene.result, verdict);
  replace_all(out, folder, "{folder}");
  replace_all(out, name, "{tenant}");
  return out;
}

Exam::Exam(Candidate& candidate, int number)
    : candidate_(candidate), number_(number), random_(candidate.seed * 100 + static_cast<std::uint64_t>(number)) {
  auto pattern = (std::filesystem::temp_directory_path() / "tenantry-check-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("there is no temporary folder");
  folder_ = pattern;
}

Exam::~Exam() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// Every tenant has a folder of its own inside the check's; ${folder} of the settings is the check's, which all share.
Tenant Exam::tenant() {
  const auto name = "t" + base36(candidate_.seed, 5) + base36(static_cast<std::uint64_t>(number_), 2) +
                    base36(static_cast<std::uint64_t>(tenants_++), 3);
  auto scene = candidate_.fixture->scene(folder_, name);
  if (scene.has_error()) throw std::runtime_error(scene.error().message);
  auto request = contract().complete_request(scene->documents.request);
  if (request.has_value()) scene->documents.request = std::move(*request);
  stage::Rehearsal rehearsal(candidate_.contract, scene->documents, "run" + name, scene->secrets, name);
  return {name, folder_, std::move(*scene), std::move(rehearsal)};
}

stage::Rehearsal Exam::bystander() {
  if (candidate_.fixture != nullptr) return tenant().rehearsal;
  const stage::Documents documents{candidate_.example.is_null() ? json::object() : candidate_.example,
                                   json::object{{"id", "bystander"}, {"name", "Bystander"}}, json::object()};
  return {candidate_.contract, documents, "runbystander", {}, "bystander"};
}

std::string Exam::settings() const {
  json::value settings = json::object();
  if (candidate_.fixture != nullptr) {
    auto filled = candidate_.fixture->settings(folder_);
    if (filled.has_error()) throw std::runtime_error(filled.error().message);
    settings = std::move(*filled);
  }
  const auto complete = contract().complete_settings(settings);
  if (complete.has_error()) {
    std::string why = complete.error().message;
    for (const auto& problem : complete.error().problems) why += " " + problem.pointer + ": " + problem.message + ".";
    throw std::runtime_error(why);
  }
  return json::serialize(*complete);
}

stage::Ending Exam::in_process(Verdict& verdict, const Work& work, Opened opened) {
  return contained(verdict, work, opened, false);
}

stage::Ending Exam::to_its_death(Verdict& verdict, const Work& work) {
  return contained(verdict, work, Opened::kYes, true);
}

stage::Ending Exam::contained(Verdict& verdict, const Work& work, Opened opened, bool may_die) {
  const auto settings = opened == Opened::kYes ? this->settings() : std::string();
  auto ending = stage::contain(
      [&](stage::Wire& wire) {
        Verdict inner;
        try {
          if (candidate_.fixture != nullptr) {
            const auto environment = candidate_.fixture->environment(folder_);
            if (environment.has_error()) throw std::runtime_error(environment.error().message);
            for (const auto& [name, value] : *environment) ::setenv(name.c_str(), value.c_str(), 1);
          }
          std::filesystem::current_path(folder_);  // what is made under a relative name is removed with the rest
          const auto subject = stage::Subject::load(candidate_.file, candidate_.copy, wire, candidate_.limit);
          if (subject.has_error()) throw std::runtime_error(subject.error().message);
          if (opened == Opened::kYes) (*subject)->open(settings);
          work(**subject, inner);
          if (opened == Opened::kYes) (*subject)->close();
        } catch (const std::exception& error) {
          inner.fail(std::string("Expected that the engine can be used, found: ") + error.what() + ".",
                     "Correct the engine, or the fixture if it gives the engine something wrong.");
        }
        if (const auto late = stage::Listener::late(); !late.empty())
          inner.fail("Expected no callback after the call it belongs to has returned, found " + late.front() + ".",
                     "Join every thread that was given the context before the step returns.");
        return inner.to_json();
      },
      candidate_.limit);
  verdict.add(ending.answer);
  const bool killed_itself = ending.kind == stage::Ending::Kind::kDied && ending.signal == SIGKILL;
  if (ending.kind != stage::Ending::Kind::kReturned && !(may_die && killed_itself))
    verdict.fail("Expected that the engine returns, found that " + stage::how_it_ended(ending) + ".",
                 ending.kind == stage::Ending::Kind::kHung
                     ? "Bound every wait; listen for cancel_fd() or is_cancelled() while waiting."
                     : kFixDeath);
  const auto during = ending.during.empty() ? std::string("loading") : ending.during;
  if (candidate_.printed.empty() && !ending.out.empty())
    candidate_.printed = '"' + base::shorten(ending.out, 120) + "\" during " + during + " or before";
  for (const auto* mark : {"Sanitizer", "runtime error:"})
    if (const auto at = ending.err.find(mark); at != std::string::npos && candidate_.sanitized.empty()) {
      const auto from = ending.err.rfind('\n', at) == std::string::npos ? 0 : ending.err.rfind('\n', at) + 1;
      candidate_.sanitized = base::shorten(ending.err.substr(from), 600) + " during " + during;
    }
  return ending;
}

bool keeps_contract(Verdict& verdict, const std::string& where, const stage::Heard& heard) {
  const auto before = verdict.findings.size();
  if (heard.threw)
    verdict.fail(where + ": expected that it returns an outcome, found that it threw an exception.",
                 "Catch everything in the engine's entry (the SDK does).");
  const auto& failure = heard.answer.failure;
  if (!heard.threw && failure && failure->code.starts_with("host.") && failure->code != "host.deadline")
    verdict.fail(where + ": expected an answer a host accepts, found " + failure->code + ": " + failure->message,
                 "Return one of the TENANTRY_ outcomes of abi.h, and set an output that the manifest's schema allows "
                 "before DONE and ALREADY_DONE.");
  for (const auto& breach : heard.breaches)
    if (!breach.starts_with("the secret "))  // those are a check of their own
      verdict.expected(where, "that the contract is kept", breach,
                       "abi.h says what each function takes; all text is UTF-8.");
  return verdict.findings.size() == before;
}

std::string name_of(const Tenant& tenant, std::size_t step) {
  return "Step " + tenant.rehearsal.manifest().steps[step].id;
}

bool run_step(Verdict& verdict, const stage::Subject& subject, Tenant& tenant, std::size_t step,
              const stage::Conditions& conditions) {
  const auto heard = tenant.rehearsal.settle(subject, Op::kRun, step, conditions);
  const auto name = name_of(tenant, step);
  if (!keeps_contract(verdict, name, heard)) return false;
  if (!stage::succeeded(heard.answer.outcome)) {
    verdict.fail(name + ": expected that RUN succeeds, found " + stage::words(heard) + ".",
                 "If the fixture is right, the step is not: it has to end DONE or ALREADY_DONE within its attempts.");
    return false;
  }
  if (heard.answer.outcome == Outcome::kSkipped && !tenant.rehearsal.manifest().steps[step].skippable) {
    verdict.fail(name + ": expected an outcome the manifest allows, found skipped.",
                 "Declare the step skippable, or answer ALREADY_DONE with an output.");
    return false;
  }
  if (const auto fault = tenant.rehearsal.output_fault(step, heard); !fault.empty()) {
    verdict.fail(name + ": expected an output as declared, found: " + fault, "Correct the output or its schema.");
    return false;
  }
  return true;
}

bool run_steps(Verdict& verdict, const stage::Subject& subject, Tenant& tenant, std::size_t first, std::size_t last) {
  for (auto step = first; step < last; ++step)
    if (!run_step(verdict, subject, tenant, step)) return false;
  return true;
}

bool has_effect(const std::string& callback) {
  return callback == "save_checkpoint" || callback == "put_secret" || callback == "emit";
}

}  // namespace tenantry::kit
