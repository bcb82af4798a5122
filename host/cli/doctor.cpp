#include "cli/doctor.hpp"

#include <algorithm>
#include <ostream>

#include "base/json_text.hpp"
#include "cli/commands.hpp"

namespace tenantry::cli {
namespace {

namespace json = base::json;

constexpr std::uint64_t kMiB = 1U << 20U;
constexpr std::uint64_t kTooLittle = 100 * kMiB;
constexpr std::uint64_t kLittle = 1024 * kMiB;

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kWrong:
      return "wrong";
  }
  return "wrong";
}

Finding good(std::string check, std::string subject, std::string message) {
  return {std::move(check), std::move(subject), Verdict::kOk, std::move(message), {}, {}};
}

Finding bad(std::string check, std::string subject, const base::Error& error, std::string command,
            Verdict verdict = Verdict::kWrong) {
  auto message = error.message;
  for (const auto& problem : error.problems) message += " " + problem.pointer + ": " + problem.message + ".";
  return {std::move(check), std::move(subject), verdict, std::move(message), error.next_action, std::move(command)};
}

std::string size_text(std::uint64_t bytes) {
  const auto mib = bytes / kMiB;
  return mib < 10 * 1024 ? std::to_string(mib) + " MiB" : std::to_string(mib / 1024) + " GiB";
}

// The command in a text like "Run: chmod 600 /x"; empty: there is none.
std::string command_in(const std::string& next_action) {
  static constexpr std::string_view kRun = "Run: ";
  return next_action.rfind(kRun, 0) == 0 ? next_action.substr(kRun.size()) : std::string();
}

std::string first_variable(const base::Error& error) {
  static constexpr std::string_view kBefore = "The variable ";
  const auto at = error.message.find(kBefore);
  if (error.code != "secret.unset" || at == std::string::npos) return {};
  const auto from = at + kBefore.size();
  return error.message.substr(from, error.message.find_first_of(", ", from) - from);
}

std::string command_for_secret(const base::Error& error) {
  if (const auto name = first_variable(error); !name.empty()) return "export " + name + "=...";
  return command_in(error.next_action);
}

std::string line_of(const Finding& finding) {
  const auto subject = finding.subject.empty() ? std::string() : client::printable(finding.subject) + ": ";
  return client::pad(word(finding.verdict), 7) + client::pad(finding.check, 9) + subject +
         client::printable(finding.message) + "\n";
}

// One sentence, and the command.
std::string advice(const Finding& finding) {
  const auto run = command_in(finding.next_action);
  std::string text = client::printable(finding.message);
  if (run.empty() && !finding.next_action.empty()) text += " " + client::printable(finding.next_action);
  const auto& command = finding.command.empty() ? run : finding.command;
  return command.empty() ? text : text + "\n  Run: " + client::printable(command);
}

json::object describe(const Finding& finding) {
  const auto text = [](const std::string& given) { return given.empty() ? json::value(nullptr) : json::value(given); };
  return {{"check", finding.check},     {"subject", text(finding.subject)},         {"verdict", word(finding.verdict)},
          {"message", finding.message}, {"next_action", text(finding.next_action)}, {"command", text(finding.command)}};
}

Verdict worst(const std::vector<Finding>& findings) {
  auto verdict = Verdict::kOk;
  for (const auto& finding : findings) verdict = std::max(verdict, finding.verdict);
  return verdict;
}

}  // namespace

std::string shell_word(const std::string& text) {
  static constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
  if (!text.empty() && text.find_first_not_of(kSafe) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Finding judge(const ConfigSeen& seen) {
  if (!seen.refused)
    return good("config", seen.file, seen.file.empty() ? "None is named; the defaults are in force." : "It is valid.");
  const auto file = shell_word(seen.file);
  return bad("config", seen.file, *seen.refused,
             seen.file.empty()                           ? ""
             : seen.refused->code == "config.unreadable" ? "ls -l " + file
                                                         : "${EDITOR:-vi} " + file);
}

Finding judge(const FolderSeen& seen) {
  const auto path = shell_word(seen.path);
  const auto wrong = [&](std::string message, std::string next_action, std::string command,
                         Verdict verdict = Verdict::kWrong) {
    return Finding{"data", seen.path, verdict, std::move(message), std::move(next_action), std::move(command)};
  };
  if (!seen.there && seen.usable) return good("data", seen.path, "It is not there yet; the first `serve` makes it.");
  if (!seen.there)
    return wrong("The folder is not there, and this user may not make it.", "Make it, and give it to the host's user.",
                 "sudo install -d -m 700 -o \"$USER\" " + path);
  if (!seen.is_folder)
    return wrong("It is not a folder.", "Name another one as data_dir, or move the file away.", "ls -ld " + path);
  if (!seen.usable)
    return wrong("This user may not write to it.", "Give the folder to the host's user.",
                 "sudo chown -R \"$USER\" " + path);
  if (seen.others)
    return wrong("Others than its owner may look into it.", "Close it to others.", "chmod 700 " + path, Verdict::kWarn);
  if (!seen.owner.empty())
    return wrong("It belongs to the user " + seen.owner + ", not to the one who asks.",
                 "Ask as the user that the host runs as.", "sudo -u " + shell_word(seen.owner) + " tenantry doctor",
                 Verdict::kWarn);
  return good("data", seen.path, "It can be written to, and only by its owner.");
}

Finding judge(const KeySeen& seen) {
  const auto subject = seen.file.empty() ? std::string("TENANTRY_KEY") : seen.file;
  if (seen.refused) {
    auto command = command_in(seen.refused->next_action);
    if (command.empty())
      command =
          seen.file.empty() ? "export TENANTRY_KEY=\"$(openssl rand -hex 32)\"" : "ls -l " + shell_word(seen.file);
    return bad("key", subject, *seen.refused, std::move(command));
  }
  if (seen.file.empty()) return good("key", subject, "The environment has a key.");
  if (seen.there) return good("key", subject, "It can be read, and only by its owner.");
  if (seen.sealed == 0) return good("key", subject, "It is not there yet; the first `serve` makes one.");
  return {"key",
          subject,
          Verdict::kWrong,
          "It is not there, but the store holds " + std::to_string(seen.sealed) +
              (seen.sealed == 1 ? " secret" : " secrets") + " that only its key opens.",
          "Put the key file back from a backup before a host makes a new one.",
          "install -m 600 BACKUP/secret.key " + shell_word(seen.file)};
}

Finding judge(const StoreSeen& seen) {
  const auto name = shell_word(seen.name);
  if (seen.refused) {
    const auto& code = seen.refused->code;
    std::string command = seen.shared ? "pg_isready -d " + name : "ls -l " + name;
    if (seen.shared && code != "store.unreachable") command = "psql " + name + " -c 'select version()'";
    if (code == "store.newer") command = "tenantry --version";
    if (code == "store.corrupt") command = "sqlite3 " + name + " 'pragma integrity_check'";
    if (code == "store.locked" && !seen.shared) command = "fuser -v " + name;
    return bad("store", seen.name, *seen.refused, std::move(command));
  }
  if (!seen.there)
    return good("store", seen.name,
                std::string(seen.shared ? "It is empty" : "It is not there yet") + "; the first `serve` fills it.");
  if (seen.layout < seen.newest) {
    const auto backup =
        seen.shared ? "pg_dump -Fc -f before-upgrade.dump " + name : "sqlite3 " + name + " '.backup before-upgrade.db'";
    return {"store",
            seen.name,
            Verdict::kWarn,
            "It has layout " + std::to_string(seen.layout) + " of an older version; the next `serve` brings it to " +
                std::to_string(seen.newest) + ", and there is no way back.",
            "Make a backup first.",
            backup};
  }
  std::string message = "It opens, and its layout (" + std::to_string(seen.layout) + ") is current";
  if (!seen.holder.empty()) message += "; process " + seen.holder + " has it open";
  return good("store", seen.name, message + ".");
}

Finding judge(const EngineSeen& seen) {
  if (seen.refused.empty())
    return good("engine", seen.file,
                seen.title + " loads, with " + std::to_string(seen.steps) + (seen.steps == 1 ? " step." : " steps."));
  const bool is_file = seen.file.size() > 3 && seen.file.compare(seen.file.size() - 3, 3, ".so") == 0;
  return {"engine",
          seen.file,
          Verdict::kWrong,
          seen.refused,
          is_file ? "Replace the file by one that keeps the contract, or take it away."
                  : "Correct engines.directories, or make the folder.",
          (is_file ? "tenantry engines check " : "ls -ld ") + shell_word(seen.file)};
}

Finding judge_no_engines(const std::vector<std::string>& folders) {
  std::string all;
  for (const auto& folder : folders) all += (all.empty() ? "" : " ") + shell_word(folder);
  return {"engine",
          all,
          Verdict::kWrong,
          all.empty() ? "No engine directory is configured, so no tenant can be provisioned."
                      : "There is no engine, so no tenant can be provisioned.",
          "Put an engine's *.so into an engine directory.",
          all.empty() ? "tenantry serve --engines /usr/local/lib/tenantry/engines" : "ls -l " + all};
}

Finding judge(const ServerSeen& seen) {
  const auto subject = seen.id;
  const auto wrong = [&](std::string message, std::string next_action, std::string command,
                         Verdict verdict = Verdict::kWrong) {
    return Finding{"server", subject, verdict, std::move(message), std::move(next_action), std::move(command)};
  };
  const auto look = "curl -sS -o /dev/null -w '%{http_code}\\n' " + shell_word(seen.url);
  if (!seen.has_engine)
    return wrong("Its engine " + seen.engine + " is not loaded.",
                 "Put that engine into an engine directory, or correct the server's engine.", "tenantry engines list");
  if (!seen.secrets.empty())
    return bad("server", subject, seen.secrets.front(), command_for_secret(seen.secrets.front()));
  if (!seen.settings.empty()) {
    std::string all;
    for (const auto& problem : seen.settings)
      all += (all.empty() ? "" : "; ") + problem.pointer + ": " + problem.message;
    return wrong("The engine " + seen.engine + " does not accept its settings: " + all + ".",
                 "Correct the server's section of the configuration.", {});
  }
  if (seen.answer.has_error())
    return wrong(seen.answer.error().message, "Start the ERP, or correct the server's url.", look);
  if (*seen.answer >= 500)
    return wrong(seen.url + " answers, but with status " + std::to_string(*seen.answer) + ".",
                 "Look into the ERP's log.", look, Verdict::kWarn);
  return good("server", subject, seen.url + " answers, its settings are accepted and its secrets can be read.");
}

Finding judge(const WebhookSeen& seen) {
  if (!seen.refused) return good("webhook", seen.id, "Its signing key can be read.");
  return bad("webhook", seen.id, *seen.refused, command_for_secret(*seen.refused));
}

Finding judge(const DiskSeen& seen) {
  const auto command = "df -h " + shell_word(seen.path);
  if (!seen.free_bytes)
    return {"disk", seen.path, Verdict::kWarn, "How much room is left cannot be told.", "Look for yourself.", command};
  const auto left = size_text(*seen.free_bytes) + " are free.";
  if (*seen.free_bytes >= kLittle) return good("disk", seen.path, left);
  const bool too_little = *seen.free_bytes < kTooLittle;
  return {"disk",
          seen.path,
          too_little ? Verdict::kWrong : Verdict::kWarn,
          "Only " + left,
          too_little ? "Make room: a host whose disk is full stops making progress."
                     : "Make room before it is less than " + size_text(kTooLittle) + ".",
          command};
}

Finding judge(const PortSeen& seen) {
  if (seen.free) return good("port", seen.address, "It is free.");
  if (seen.is_host) return good("port", seen.address, "A Tenantry host answers there already.");
  if (seen.taken)
    return {"port",
            seen.address,
            Verdict::kWrong,
            "Another program listens there.",
            "End it, or choose another listen.port.",
            "ss -ltnp 'sport = :" + std::to_string(seen.port) + "'"};
  return {"port",
          seen.address,
          Verdict::kWrong,
          "One cannot listen there: " + seen.why + ".",
          "Correct listen.address and listen.port.",
          "ip -brief address"};
}

const Finding* first_to_fix(const std::vector<Finding>& findings) {
  const auto verdict = worst(findings);
  if (verdict == Verdict::kOk) return nullptr;
  return &*std::find_if(findings.begin(), findings.end(), [&](const auto& one) { return one.verdict == verdict; });
}

json::object describe(const std::vector<Finding>& findings) {
  json::array all;
  for (const auto& finding : findings) all.push_back(describe(finding));
  const auto* first = first_to_fix(findings);
  return {{"verdict", word(worst(findings))},
          {"findings", std::move(all)},
          {"first", first == nullptr ? json::value(nullptr) : json::value(describe(*first))}};
}

int tell(const std::vector<Finding>& findings, client::Format format, const std::string& then, std::ostream& out) {
  const int code = worst(findings) == Verdict::kWrong ? kExitFailed : kExitOk;
  if (format == client::Format::kJson) {
    out << base::to_text(describe(findings)) << "\n";
    return code;
  }
  for (const auto& finding : findings) out << line_of(finding);
  const auto* first = first_to_fix(findings);
  if (first == nullptr)
    out << "Nothing is wrong." << (then.empty() ? std::string() : "\n  Run: " + then) << "\n";
  else
    out << (code == kExitOk ? "Nothing is wrong; better, though: " : "Fix first: ") << first->check
        << (first->subject.empty() ? "" : " " + client::printable(first->subject)) << ". " << advice(*first) << "\n";
  return code;
}

}  // namespace tenantry::cli
