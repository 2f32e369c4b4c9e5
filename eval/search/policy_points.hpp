// Makes points of a base policy by further settings.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "eval/task/session.hpp"

namespace edgeval {

// Loads the profile when it is first asked for. It serves for all points: it is the dense network's
// as trained, whatever the weights axis does.
class Profiles {
 public:
  // `path` is empty where there is no profile.
  Profiles(std::filesystem::path path, Session& session)
      : path_(std::move(path)), session_(session) {}
  const std::filesystem::path& path() const { return path_; }
  bool named() const { return !path_.empty(); }
  // Returns null where there is no profile. Throws Error as load_profile does.
  const Profile* get();

 private:
  const std::filesystem::path path_;
  Session& session_;
  std::optional<Profile> loaded_;
};

// Makes the point of the base policy with some settings. Throws Error where the rules of policies
// refuse it, which names the base where that is wrong and the settings do not change it.
Point point_of(const std::vector<std::string>& settings, const PolicyBase& base, Session& session,
               Profiles& profiles);

// The point of a base policy without more settings, from which the dense network takes its beam.
struct BasePoint {
  Point point;          // where the base is refused, of a fixed beam as wide as its beam alone
  std::string refusal;  // why it is, which the settings of every point must mend; or empty
};
BasePoint base_point(const PolicyBase& base, Session& session, Profiles& profiles);

// Returns Session::busiest of the point with its weights as trained. Which kinds of work there are
// does not depend on the weights, which are not made for this.
Activity busiest_as_trained(Session& session, Point point);

}  // namespace edgeval
