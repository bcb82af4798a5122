#include "kit/report.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tenantry::kit {
namespace {

const char* word(Result result) {
  switch (result) {
    case Result::kOk:
      return "ok";
    case Result::kFailed:
      return "failed";
    case Result::kSkipped:
      return "skipped";
  }
  return "";
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, ' ');
  return text;
}

}  // namespace

std::size_t Report::count(Result result) const {
  return static_cast<std::size_t>(
      std::count_if(checks.begin(), checks.end(), [&](const CheckReport& check) { return check.result == result; }));
}

json::object to_json(const Report& report) {
  json::array checks;
  for (const auto& check : report.checks) {
    json::array findings;
    for (const auto& finding : check.findings)
      findings.push_back({{"message", base::to_utf8(finding.message)}, {"fix", base::to_utf8(finding.fix)}});
    checks.push_back({{"number", check.number},
                      {"name", check.name},
                      {"title", check.title},
                      {"result", word(check.result)},
                      {"reason", base::to_utf8(check.reason)},
                      {"findings", std::move(findings)},
                      {"duration_ms", check.took.count()}});
  }
  return {{"file", report.file},
          {"sha256", report.sha256},
          {"engine", report.engine},
          {"version", report.version},
          {"built_with", report.built_with},
          {"fixture", report.fixture},
          {"seed", report.seed},
          {"conforming", report.conforming()},
          {"ok", report.count(Result::kOk)},
          {"failed", report.count(Result::kFailed)},
          {"skipped", report.count(Result::kSkipped)},
          {"checks", std::move(checks)}};
}

std::string to_text(const Report& report) {
  std::size_t widest = 0;
  for (const auto& check : report.checks) widest = std::max(widest, check.name.size());
  std::string out = report.file;
  if (!report.engine.empty()) out += ": " + report.engine + " " + report.version;
  if (!report.built_with.empty()) out += " (" + report.built_with + ")";
  out += ", seed " + std::to_string(report.seed) + "\n";
  for (const auto& check : report.checks) {
    const auto number = std::to_string(check.number);
    out += std::string(4 - std::min<std::size_t>(number.size(), 4), ' ') + number + "  " + check.name +
           std::string(widest - check.name.size() + 2, ' ');
    out += check.result == Result::kOk ? "ok" : check.result == Result::kFailed ? "FAILED" : "skipped";
    if (!check.reason.empty()) out += " (" + check.reason + ")";
    out += "\n";
    for (const auto& finding : check.findings) {
      out += "        " + finding.message + "\n";
      if (!finding.fix.empty()) out += "        Fix: " + finding.fix + "\n";
    }
  }
  out += std::to_string(report.count(Result::kOk)) + " ok, " + std::to_string(report.count(Result::kFailed)) +
         " failed, " + std::to_string(report.count(Result::kSkipped)) + " skipped: " +
         (!report.conforming()     ? "NOT conforming"
          : report.fixture.empty() ? "conforming as far as can be seen without a fixture"
                                   : "conforming") +
         ".\n";
  std::string lines;
  for (std::size_t from = 0; from < out.size();) {
    const auto end = out.find('\n', from);
    lines += printable(base::to_utf8(std::string_view(out).substr(from, end - from))) + '\n';
    from = end + 1;
  }
  return lines;
}

}  // namespace tenantry::kit
