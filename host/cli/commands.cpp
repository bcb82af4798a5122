#include "cli/commands.hpp"

#include <iostream>
#include <set>

#include "cli/grammar.hpp"
#include "client/client.hpp"
#include "client/output.hpp"

namespace tenantry::cli {
namespace {

// Options whose value is a file or a folder.
bool is_path(const std::string& name) {
  static const std::set<std::string> kPaths{"--config",  "--data-dir", "--engines", "--trace", "--password-file",
                                            "--fixture", "--into",     "--from",    "FILE"};
  return kPaths.count(name) == 1;
}

// CLI11 tells the choices of an option only within its type: "TEXT:{table,json}".
std::vector<std::string> choices_in(const std::string& type) {
  const auto open = type.find('{');
  const auto close = type.find('}');
  std::vector<std::string> choices;
  if (open == std::string::npos || close == std::string::npos || close < open) return choices;
  const auto list = type.substr(open + 1, close - open - 1);
  for (std::size_t at = 0; at <= list.size();) {
    const auto comma = std::min(list.find(',', at), list.size());
    choices.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

CommandShape shape_of(const CLI::App& app) {
  CommandShape shape{app.get_name(), app.get_description(), {}, {}};
  for (const auto* option : app.get_options()) {
    OptionShape one;
    one.is_argument = option->get_positional();
    if (one.is_argument) one.names.push_back(option->get_single_name());
    for (const auto& name : option->get_snames()) one.names.push_back("-" + name);
    for (const auto& name : option->get_lnames()) one.names.push_back("--" + name);
    one.text = option->get_description();
    one.takes_value = option->get_items_expected_max() > 0;
    one.choices = choices_in(option->get_type_name());
    one.is_path = is_path(one.names.back());
    one.is_required = option->get_required();
    shape.options.push_back(std::move(one));
  }
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    shape.commands.push_back(shape_of(*command));
  return shape;
}

}  // namespace

int complain(const base::Error& error) {
  client::print_error(std::cerr, error);
  return client::exit_code(error);
}

int with_session(const Line& line, bool needs_token,
                 const std::function<int(const client::Session&, const client::Credentials&)>& use) {
  const auto credentials = client::Credentials::of_this_account();
  if (credentials.has_error()) return complain(credentials.error());
  auto url = line.url;
  if (url.empty()) url = credentials->last_url().value_or("http://127.0.0.1:4000");
  const auto clean = client::clean_url(url);
  if (clean.has_error()) return complain(clean.error());
  const auto token = needs_token ? credentials->token(*clean) : std::string();
  if (needs_token && token.empty())
    return complain({base::ErrorKind::kUnauthenticated,
                     "cli.signed_out",
                     "You are not signed in to " + *clean + ".",
                     "Sign in with `tenantry login --email YOU --url " + *clean + "`.",
                     {},
                     {}});
  client::Client client(*clean, token, line.trace);
  client::WatchOptions options;
  options.format = format_of(line);
  options.look = client::Look::of_stdout();
  return use(client::Session{client, options, std::cout, std::cerr}, *credentials);
}

Grammar::Grammar(Line& line, const HostCommands& host)
    : line_(line), host_(host), app_("Provisions tenants of ERP systems.", "tenantry") {
  app_.formatter_fn(
      [](const CLI::App* app, const std::string& path, CLI::AppFormatMode) { return help_page(shape_of(*app), path); });
  app_.set_help_flag("-h,--help", "this page; of a command, its own");
  app_.set_version_flag("--version", host.version, "the version");
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.add_option("--url", line_.url, "the host; otherwise TENANTRY_URL, or the last one signed in to")
      ->envname("TENANTRY_URL");
  app_.add_option("-o,--output", line_.output, "how it is written")->check(CLI::IsMember({"table", "json"}));
  app_.add_option("--trace", line_.trace, "file that gets a line for each REST call");
  add_host_commands();
  add_remote_commands();
}

int Grammar::run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app_.exit(failure, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
  }
  return action_();
}

CommandShape Grammar::shape() const { return shape_of(app_); }

CLI::App* Grammar::add(CLI::App& under, const std::string& name, const std::string& text, std::function<int()> action) {
  auto* command = under.add_subcommand(name, text);
  command->fallthrough();
  command->callback([this, action = std::move(action)] { action_ = action; });
  return command;
}

CLI::App* Grammar::add_group(const std::string& name, const std::string& text) {
  auto* group = app_.add_subcommand(name, text);
  group->require_subcommand(1);
  group->fallthrough();
  return group;
}

CLI::App* Grammar::add_remote(CLI::App& under, const std::string& name, const std::string& text,
                              const std::function<int(const client::Session&)>& use) {
  return add(under, name, text, [this, use] {
    return with_session(line_, true,
                        [&](const client::Session& session, const client::Credentials&) { return use(session); });
  });
}

CommandShape shape(const HostCommands& host) {
  Line line;
  return Grammar(line, host).shape();
}

int run(int argc, const char* const* argv, const HostCommands& host) {
  try {
    Line line;
    Grammar grammar(line, host);
    return grammar.run(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "Error: " << client::printable(failure.what()) << " (cli.internal)\n";
    return kExitError;
  }
}

}  // namespace tenantry::cli
