#include "eval/search/policy_points.hpp"

#include "eval/search/points.hpp"
#include "host/core/error.hpp"

namespace edgeval {

const Profile* Profiles::get() {
  if (!named()) return nullptr;
  if (!loaded_) loaded_ = load_profile(path_, session_.trained());
  return &*loaded_;
}

Point point_of(const std::vector<std::string>& settings, const PolicyBase& base, Session& session,
               Profiles& profiles) {
  const std::string source = source_of(settings);
  const auto point = [&](const std::vector<std::string>& set) {
    const Policy policy = base.with(set, source);
    EDGEVAL_EXPECTS(policy.profile == base.profile(), source,
                    ": all points have one profile, which --profile or the policy "
                    "names");
    return session.resolve(policy, profiles.get());
  };
  std::string message;
  try {
    return point(settings);
  } catch (const Error& error) {
    message = error.what();
  }
  // What is wrong with the base, and stays wrong, is said of the base.
  try {
    point({});
  } catch (const Error& error) {
    if (message == error.what()) {
      const Policy alone = base.alone();
      session.resolve(alone, profiles.get());
    }
  }
  throw Error(message);
}

BasePoint base_point(const PolicyBase& base, Session& session, Profiles& profiles) {
  try {
    return {point_of({}, base, session, profiles), ""};
  } catch (const Error& error) {
    Policy plain;
    if (const std::optional<Beam> beam = base.beam())
      plain.beam = Neutral<Beam>{static_cast<double>(widest_of(*beam))};
    return {session.resolve(plain, profiles.get()), error.what()};
  }
}

Activity busiest_as_trained(Session& session, Point point) {
  point.weights = Neutral<Weights>{};
  return session.busiest(point);
}

}  // namespace edgeval
