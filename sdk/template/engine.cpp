// The engine my_engine. It keeps what it makes for a tenant in a folder; put calls to your ERP in the place of the
// files, and keep what the steps answer.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <tenantry/engine.hpp>
#include <vector>

namespace fs = std::filesystem;
using namespace tenantry;

// What a run is given. A text without an initial value is required; the host checks the rules before a run begins.
struct Request {
  std::string name;
  std::string language = "en";
  std::vector<std::string> users;
  static void constrain(Schema<Request>& s) {
    s.member(&Request::name).pattern("^[a-z][a-z0-9-]*$").max_length(31);
    s.member(&Request::language).one_of({"en", "fr", "sw"});
    s.member(&Request::users).items_pattern("^[a-z]{1,31}$").max_items(100);
  }
};

// What the operator sets for this engine, once for all tenants.
struct Settings {
  std::string directory;
  static void constrain(Schema<Settings>& s) { s.member(&Settings::directory).min_length(1); }
};

// What the steps hand on to each other.
struct Workspace {
  std::string path;
};
struct Profile {
  std::string file;
};
struct Users {
  std::vector<std::string> files;
};

BOOST_DESCRIBE_STRUCT(Request, (), (name, language, users))
BOOST_DESCRIBE_STRUCT(Settings, (), (directory))
BOOST_DESCRIBE_STRUCT(Workspace, (), (path))
BOOST_DESCRIBE_STRUCT(Profile, (), (file))
BOOST_DESCRIBE_STRUCT(Users, (), (files))

class Engine {
 public:
  static constexpr Identity identity{"my_engine", "1.0.0", "My engine"};
  using Request = ::Request;
  using Settings = ::Settings;
  explicit Engine(Settings settings) : directory_(std::move(settings.directory)) {}

  // Each step names where its parameters come from; the order of the steps follows from that.
  static void define(Graph<Engine>& g) {
    const auto request = g.request();
    const auto workspace = g.step("make_workspace", &Engine::make_workspace, request)
                               .title("Make the workspace")
                               .repeatable()
                               .undo(&Engine::remove_workspace)
                               .verify(&Engine::check_workspace);
    const auto profile = g.step("write_profile", &Engine::write_profile, request, workspace)
                             .title("Write the profile")
                             .repeatable()
                             .undo(&Engine::remove_profile)
                             .verify(&Engine::check_profile);
    g.step("add_users", &Engine::add_users, request, workspace)
        .title("Add the users")
        .after(profile)
        .attempts(5, 2s)
        .timeout(1min)
        .repeatable()
        .undo(&Engine::remove_users)
        .verify(&Engine::check_users);
  }

 private:
  Result<Workspace> make_workspace(Context& c, const Request& r) {
    const Workspace workspace{directory_ + "/" + r.name};
    std::error_code error;
    const bool made = fs::create_directories(workspace.path, error);
    if (error) return disk_error(workspace.path, error);
    if (!made) return already_done(workspace);
    c.info("made", {{"path", workspace.path}});
    return done(workspace);
  }
  // There may be nothing to take back: the step may have ended half-way, or this may be the second time.
  Result<Nothing> remove_workspace(Context&, const Request&, const std::optional<Workspace>& workspace) {
    std::error_code error;
    if (workspace) fs::remove(workspace->path, error);  // only if it is empty
    if (error && error != std::errc::directory_not_empty) return disk_error(workspace->path, error);
    return done();
  }
  Verdict check_workspace(Context&, const Request&, const Workspace& workspace) {
    return is_there(workspace.path) ? in_sync() : drifted(workspace.path, "a folder", "nothing");
  }

  Result<Profile> write_profile(Context& c, const Request& r, const Workspace& workspace) {
    const Profile profile{workspace.path + "/profile.txt"};
    // An earlier attempt may have come this far without its answer being heard: look first, then act.
    if (read(profile.file) == text_of(r)) return already_done(profile);
    if (const auto error = write(c, profile.file, text_of(r))) return disk_error(profile.file, error);
    return done(profile);
  }
  Result<Nothing> remove_profile(Context&, const Request&, const Workspace&, const std::optional<Profile>& profile) {
    return profile ? remove({profile->file}) : done();
  }
  Verdict check_profile(Context&, const Request& r, const Workspace&, const Profile& profile) {
    const std::string found = read(profile.file);
    return found == text_of(r) ? in_sync() : drifted(profile.file, text_of(r), found);
  }

  Result<Users> add_users(Context& c, const Request& r, const Workspace& workspace) {
    Users users;
    bool changed = false;
    for (const std::string& user : r.users) {
      c.throw_if_cancelled();
      c.progress(static_cast<double>(users.files.size()) / static_cast<double>(r.users.size()), user);
      const std::string file = workspace.path + "/" + user + ".user";
      if (!is_there(file)) {
        if (const auto error = write(c, file, user)) return disk_error(file, error);
        changed = true;
      }
      users.files.push_back(file);
    }
    return changed ? done(users) : already_done(users);
  }
  Result<Nothing> remove_users(Context&, const Request&, const Workspace&, const std::optional<Users>& users) {
    return users ? remove(users->files) : done();
  }
  Verdict check_users(Context&, const Request&, const Workspace&, const Users& users) {
    std::vector<Drift> drift;
    for (const std::string& file : users.files)
      if (!is_there(file)) drift.push_back({file, "a user", "nothing"});
    return drifted(drift);
  }

  // What may pass next time is tried again; what a person has to change first is not.
  static Ending disk_error(const std::string& path, std::error_code error) {
    const std::string message = path + ": " + error.message();
    if (error == std::errc::no_space_on_device || error == std::errc::io_error) return retry("my_engine.disk", message);
    return failed("my_engine.folder", message)
        .next_action("Correct the engine's directory, or who may write there, then continue.");
  }

  static std::string text_of(const Request& r) { return "name: " + r.name + "\nlanguage: " + r.language + "\n"; }

  static bool is_there(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
  }
  static std::string read(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  // All of it or nothing: a reader never sees half a file.
  static std::error_code write(Context& c, const std::string& file, const std::string& text) {
    const std::string draft = file + "." + std::string(c.idempotency_key());
    std::error_code error;
    if (std::ofstream(draft) << text << std::flush)
      fs::rename(draft, file, error);
    else
      error = std::error_code(errno, std::generic_category());
    return error;
  }
  static Result<Nothing> remove(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      std::error_code error;
      fs::remove(file, error);
      if (error) return disk_error(file, error);
    }
    return done();
  }

  std::string directory_;
};

TENANTRY_ENGINE(Engine)
