#include "doctor.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <future>

#include "base/log.hpp"
#include "base/mask.hpp"
#include "catalog/catalog.hpp"
#include "client/client.hpp"
#include "config.hpp"
#include "database/inspect.hpp"
#include "database/postgres_address.hpp"
#include "loading.hpp"
#include "secrets/private_file.hpp"
#include "secrets/sealed.hpp"
#include "secrets/source.hpp"
#include "service/validation.hpp"
#include "webhooks/signature.hpp"

namespace tenantry {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 4s;  // with a server that does not answer

// Itself or, if it is not there, the folder that it would be made in.
fs::path nearest(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && !fs::exists(path, ignored) && path != path.parent_path()) path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

std::string name_of(uid_t user) {
  const auto* entry = ::getpwuid(user);  // NOLINT(concurrency-mt-unsafe): one thread
  return entry != nullptr ? entry->pw_name : std::to_string(user);
}

cli::FolderSeen look_at_folder(const fs::path& path) {
  cli::FolderSeen seen;
  seen.path = path.string();
  struct stat found {};
  seen.there = ::stat(path.c_str(), &found) == 0;
  seen.is_folder = seen.there && S_ISDIR(found.st_mode);
  const auto at = nearest(path);
  std::error_code ignored;
  seen.usable = fs::is_directory(at, ignored) && ::access(at.c_str(), W_OK | X_OK) == 0;
  seen.others = seen.is_folder && (found.st_mode & 077U) != 0;
  if (seen.is_folder && found.st_uid != ::geteuid()) seen.owner = name_of(found.st_uid);
  return seen;
}

std::optional<base::Error> read_secret(const std::string& text) {
  const auto reference = secrets::Reference::parse(text);
  if (reference.has_error()) return reference.error();
  auto value = reference->read();
  if (value.has_error()) return value.error();
  base::wipe(*value);
  return std::nullopt;
}

base::Result<database::Inspection> inspect(const Config& config) {
  if (!config.store_is_shared) {
    if (config.store != ":memory:") return database::inspect_sqlite(config.store);
    database::Inspection none;
    none.name = config.store;
    return none;
  }
  database::PostgresOptions options;
  if (!config.store_password.empty()) {
    const auto reference = secrets::Reference::parse(config.store_password);
    if (reference.has_error()) return reference.error();
    auto password = reference->read();
    if (password.has_error()) return password.error();
    options.password = std::move(*password);
  }
  return database::inspect_postgres(config.store, options);
}

cli::StoreSeen look_at_store(const Config& config, const base::Result<database::Inspection>& found) {
  cli::StoreSeen seen;
  seen.shared = config.store_is_shared;
  seen.name = config.store;
  if (config.store_is_shared) {
    const auto address = database::parse_address(config.store, {});
    seen.name = address.has_value() ? address->name : "postgresql";
  }
  if (found.has_error()) {
    seen.refused = found.error();
    return seen;
  }
  seen.there = found->there;
  seen.layout = found->layout;
  seen.newest = found->newest;
  seen.holder = found->holder;
  return seen;
}

cli::KeySeen look_at_key(const Config& config, const base::Result<database::Inspection>& store) {
  cli::KeySeen seen;
  seen.sealed = store.has_value() ? store->secrets : 0;
  const auto note = [&](base::Result<std::string> text) {
    if (text.has_error()) {
      seen.refused = text.error();
      return;
    }
    if (const auto key = secrets::Key::parse(*text); key.has_error()) seen.refused = key.error();
    base::wipe(*text);
  };
  const char* environment = std::getenv("TENANTRY_KEY");
  if (environment != nullptr && *environment != '\0') {
    note(std::string(environment));
    return seen;
  }
  const auto file = key_file(config);
  seen.file = file.string();
  std::error_code ignored;
  seen.there = fs::exists(file, ignored);
  if (seen.there) note(secrets::read_private_file(seen.file, "key"));
  return seen;
}

std::vector<cli::Finding> look_at_engines(const Config& config, const catalog::Snapshot& snapshot) {
  std::vector<cli::Finding> findings;
  for (const auto& one : snapshot.generations) {
    const auto& manifest = one->manifest();
    findings.push_back(judge(cli::EngineSeen{
        one->path.string(), manifest.engine.value + " " + manifest.version, manifest.steps.size(), {}}));
  }
  for (const auto& one : snapshot.refused) {
    auto reason = one.reason;
    if (reason.starts_with(one.path.string() + ": ")) reason.erase(0, one.path.string().size() + 2);
    for (const auto& problem : one.problems) reason += " " + problem.pointer + ": " + problem.message + ".";
    findings.push_back(judge(cli::EngineSeen{one.path.string(), {}, 0, std::move(reason)}));
  }
  if (!findings.empty()) return findings;
  std::vector<std::string> folders;
  for (const auto& folder : config.engine_directories) folders.push_back(folder.string());
  return {cli::judge_no_engines(folders)};
}

const catalog::Generation* newest_of(const catalog::Snapshot& snapshot, const base::EngineId& engine) {
  const catalog::Generation* found = nullptr;
  for (const auto& one : snapshot.generations)
    if (one->manifest().engine == engine) found = one.get();
  return found;
}

std::vector<cli::Finding> look_at_servers(const Config& config, const catalog::Snapshot& snapshot) {
  const service::Servers servers(config.servers, config.engine_settings);
  std::vector<std::future<base::Result<int>>> answers;
  for (const auto& server : servers.all())
    answers.push_back(std::async(std::launch::async, [url = server.url] { return client::reach(url, kPatience); }));
  std::vector<cli::Finding> findings;
  for (std::size_t i = 0; i < servers.all().size(); ++i) {
    const auto& server = servers.all()[i];
    cli::ServerSeen seen;
    seen.id = server.id.value;
    seen.url = server.url;
    seen.engine = server.engine.value;
    const auto* engine = newest_of(snapshot, server.engine);
    seen.has_engine = engine != nullptr;
    for (const auto& [name, reference] : server.secrets)
      if (auto refused = read_secret(reference)) seen.secrets.push_back(std::move(*refused));
    if (engine != nullptr) seen.settings = service::check_server(*engine->loaded.contract, servers, server);
    seen.answer = answers[i].get();
    findings.push_back(judge(seen));
  }
  return findings;
}

cli::Finding look_at_webhook(const WebhookSetup& setup) {
  cli::WebhookSeen seen{setup.id, std::nullopt};
  const auto reference = secrets::Reference::parse(setup.secret);
  auto text = reference.has_value() ? reference->read() : base::Result<std::string>(reference.error());
  if (text.has_error()) {
    seen.refused = text.error();
  } else {
    if (const auto key = webhooks::SigningKey::parse(*text); key.has_error()) seen.refused = key.error();
    base::wipe(*text);
  }
  return judge(seen);
}

cli::DiskSeen look_at_disk(const fs::path& path) {
  const auto at = nearest(path);
  std::error_code failure;
  const auto space = fs::space(at, failure);
  return {at.string(), failure ? std::nullopt : std::optional<std::uint64_t>(space.available)};
}

cli::PortSeen look_at_port(const Config& config) {
  const bool is_v6 = config.address.find(':') != std::string::npos;
  cli::PortSeen seen;
  seen.port = config.port;
  seen.address = (is_v6 ? "[" + config.address + "]" : config.address) + ":" + std::to_string(config.port);
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (is_v6) {
    auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(config.port);
    size = ::inet_pton(AF_INET6, config.address.c_str(), &address->sin6_addr) == 1 ? sizeof(sockaddr_in6) : 0;
  } else {
    auto* address = reinterpret_cast<sockaddr_in*>(&storage);
    address->sin_family = AF_INET;
    address->sin_port = htons(config.port);
    size = ::inet_pton(AF_INET, config.address.c_str(), &address->sin_addr) == 1 ? sizeof(sockaddr_in) : 0;
  }
  if (size == 0) {
    seen.why = config.address + " is not an IP address";
    return seen;
  }
  const int socket = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  seen.free = ::bind(socket, reinterpret_cast<const sockaddr*>(&storage), size) == 0 && ::listen(socket, 1) == 0;
  const int failure = errno;
  ::close(socket);
  if (seen.free) return seen;
  seen.why = std::strerror(failure);  // NOLINT(concurrency-mt-unsafe): one thread
  seen.taken = failure == EADDRINUSE;
  if (!seen.taken) return seen;
  const auto any = config.address == "0.0.0.0" || config.address == "::";
  const auto local = is_v6 ? "[::1]:" : "127.0.0.1:";
  const auto answer =
      client::reach("http://" + (any ? local + std::to_string(config.port) : seen.address) + "/livez", kPatience);
  seen.is_host = answer.has_value() && *answer == 200;
  return seen;
}

}  // namespace

std::vector<cli::Finding> examine(const cli::HostSetup& setup) {
  base::log::configure(base::log::Level::kOff);
  const auto config = read_config(setup.config_file, setup.overrides);
  if (config.has_error()) return {judge(cli::ConfigSeen{setup.config_file, config.error()})};
  std::vector<cli::Finding> findings{judge(cli::ConfigSeen{setup.config_file, std::nullopt})};
  const auto store = inspect(*config);
  findings.push_back(judge(look_at_folder(config->data_dir)));
  findings.push_back(judge(look_at_key(*config, store)));
  findings.push_back(judge(look_at_store(*config, store)));
  catalog::Catalog catalog(config->engine_directories, engine_loader(*config));
  catalog.load();
  const auto snapshot = catalog.snapshot();
  for (auto& finding : look_at_engines(*config, *snapshot)) findings.push_back(std::move(finding));
  for (auto& finding : look_at_servers(*config, *snapshot)) findings.push_back(std::move(finding));
  for (const auto& webhook : config->webhooks) findings.push_back(look_at_webhook(webhook));
  findings.push_back(judge(look_at_disk(config->data_dir)));
  findings.push_back(judge(look_at_port(*config)));
  return findings;
}

}  // namespace tenantry
