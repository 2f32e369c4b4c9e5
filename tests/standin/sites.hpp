// Sites are places in the source that order or initialise: barriers, waits for events, fills of
// device memory. A site can be ignored, to see whether a test notices (tests/standin/drop.py).
//   EDGEVAL_STANDIN_SITES=FILE        At its end the program appends to FILE every site it met.
//   EDGEVAL_STANDIN_DROP=SITE[ SITE]  The program ignores these sites, written as in FILE.
#pragma once

namespace edgeval::standin {

enum class SiteKind { kBarrier, kWait, kFill };

// Whether this site is to be ignored. A barrier is known by its file and line, a wait or a fill by
// the functions that called for it.
bool dropped(SiteKind kind, const char* file, int line);
bool dropped(SiteKind kind);

}  // namespace edgeval::standin
