#include "bench.hpp"

#include <tenantry/process.hpp>

#include "faults.hpp"

namespace tenantry::erpnext {

namespace {

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// The last line that says something; a traceback's last line is its error.
std::string last_line(const std::string& output) {
  std::size_t end = output.size();
  while (end > 0) {
    const std::size_t begin = output.rfind('\n', end - 1);
    const std::size_t from = begin == std::string::npos ? 0 : begin + 1;
    std::string line = plain_text(std::string_view(output).substr(from, end - from));
    if (!line.empty()) return line;
    if (begin == std::string::npos) break;
    end = begin;
  }
  return "nothing";
}

bool names_app(const std::string& output, const std::string& app) {
  for (std::size_t at = output.find(app); at != std::string::npos; at = output.find(app, at + 1)) {
    const bool begins = at == 0 || output[at - 1] == '\n';
    const char after = at + app.size() < output.size() ? output[at + app.size()] : '\n';
    if (begins && (after == ' ' || after == '\n' || after == '\t')) return true;
  }
  return false;
}

}  // namespace

BenchCommands::Ran BenchCommands::run(std::vector<std::string> arguments, Milliseconds timeout) {
  std::vector<std::string> argv = plan_.bench.command;
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  for (std::string& word : argv) {
    replace_all(word, "{site}", plan_.site);
    replace_all(word, "{tenant}", plan_.tenant_id);
    replace_all(word, "{admin_password}", admin_password_);
  }
  ProgramOptions options;
  options.directory = plan_.bench.directory.value_or("");
  options.environment = {{"TENANTRY_SITE", plan_.site}, {"TENANTRY_ADMIN_PASSWORD", admin_password_}};
  options.timeout = timeout;
  options.log_output = false;
  std::string output;
  options.on_line = [&](std::string_view line) {
    constexpr std::size_t kMost = std::size_t{64} << 10U;
    if (output.size() < kMost) output.append(line).push_back('\n');
    if (line.find("[=") == std::string_view::npos && !line.empty()) context_.debug(plain_text(line));
  };
  const ProgramEnd end = run_program(context_, argv, options);
  Ran ran;
  ran.ok = end.ok();
  ran.started = end.how != ProgramEnd::not_started;
  ran.stopped = end.how == ProgramEnd::cancelled || end.how == ProgramEnd::timed_out;
  ran.output = output;
  ran.message = end.message;
  if (end.how == ProgramEnd::cancelled) context_.throw_if_cancelled();
  return ran;
}

Ending BenchCommands::problem(const Ran& ran, const std::string& code, const std::string& what) const {
  const std::string object = "site " + plan_.site;
  if (!ran.started)
    return give_up({"erpnext.bench_missing", "missing_dependency", "bench", "a command that runs", ran.message,
                    "Correct the bench command in the server's settings, then Continue."});
  const std::string found = ran.stopped ? ran.message : last_line(ran.output);
  return try_again({code, ran.stopped ? "timeout" : "transient", object, what, found,
                    "Look at the step's log for what bench said, correct it, then Continue."});
}

Result<std::string> BenchCommands::erpnext_version() {
  const Ran ran = run({"version", "-f", "json"}, std::chrono::seconds(60));
  if (!ran.ok) return problem(ran, "erpnext.bench_failed", "the versions of its apps");
  boost::system::error_code failure;
  const std::size_t begin = ran.output.find('[');
  const json::value apps =
      begin == std::string::npos ? json::value() : json::parse(std::string_view(ran.output).substr(begin), failure);
  if (!failure && apps.is_array())
    for (const json::value& app : apps.get_array())
      if (const auto* fields = app.if_object())
        if (const auto* name = fields->if_contains("app"); name && *name == "erpnext")
          if (const auto* version = fields->if_contains("version"); version && version->is_string())
            return done(std::string(version->get_string()));
  return give_up({"erpnext.app_missing", "missing_dependency", "app erpnext", "it on the bench",
                  "not named by bench version", "Get the app erpnext on the bench, then Continue."});
}

Result<SiteState> BenchCommands::look() {
  const Ran ran = run({"--site", "{site}", "list-apps"}, std::chrono::seconds(60));
  if (ran.ok) {
    if (!names_app(ran.output, "frappe")) return done(SiteState::remains);
    return done(names_app(ran.output, "erpnext") ? SiteState::complete : SiteState::frappe);
  }
  if (!ran.started || ran.stopped) return problem(ran, "erpnext.bench_failed", "the list of its apps");
  if (ran.output.find("IncorrectSitePath") != std::string::npos ||
      ran.output.find(plan_.site + " does not exist") != std::string::npos)
    return done(SiteState::missing);
  return done(SiteState::unreadable);
}

Result<Nothing> BenchCommands::new_site() {
  std::vector<std::string> arguments{"new-site", "{site}"};
  const auto& options = plan_.bench.new_site_options;
  arguments.insert(arguments.end(), options.begin(), options.end());
  if (plan_.bench.golden_image) {
    arguments.emplace_back("--source_sql");
    arguments.push_back(*plan_.bench.golden_image);
  } else {
    arguments.emplace_back("--install-app");
    arguments.emplace_back("erpnext");
  }
  const Ran ran = run(std::move(arguments), std::chrono::seconds(plan_.bench.new_site_seconds));
  if (!ran.ok) return problem(ran, "erpnext.new_site_failed", "to be made");
  return done();
}

Result<Nothing> BenchCommands::install_erpnext() {
  const Ran ran = run({"--site", "{site}", "install-app", "erpnext", "--force"},
                      std::chrono::seconds(plan_.bench.new_site_seconds));
  if (!ran.ok) return problem(ran, "erpnext.install_app_failed", "ERPNext to be installed");
  return done();
}

Result<Nothing> BenchCommands::drop_site() {
  const Ran ran =
      run({"drop-site", "{site}", "--no-backup", "--force"}, std::chrono::seconds(plan_.bench.drop_site_seconds));
  if (ran.ok || ran.output.find("IncorrectSitePath") != std::string::npos ||
      ran.output.find(plan_.site + " does not exist") != std::string::npos)
    return done();
  Ending ending = problem(ran, "erpnext.drop_site_failed", "to be dropped");
  if (!ran.stopped) return ending;
  return std::move(ending).next_action(
      "A connection holds the site's database: end the connections of its database user, then Continue.");
}

}  // namespace tenantry::erpnext
