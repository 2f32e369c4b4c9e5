// Places in the source that order or initialise: barriers, waits for events, fills of device
// memory. One of them can be ignored, to see whether a test notices (tests/standin/drop.py).
//   EDGEVAL_STANDIN_SITES=FILE        appends every site that the program met, at its end
//   EDGEVAL_STANDIN_DROP=SITE[ SITE]  ignores these; as the file has them
#pragma once

namespace edgeval::standin {

enum class SiteKind { kBarrier, kWait, kFill };

// Whether to ignore this one. Barriers are known by their line, waits and fills by those who called
// for them.
bool dropped(SiteKind kind, const char* file, int line);
bool dropped(SiteKind kind);

}  // namespace edgeval::standin
