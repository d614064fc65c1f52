// Package tail follows files and the journal of this host, remembering how far it has read.
//
// A [Tailer] looks at its files once a second and appends what was written to
// them. What it follows is a content: it knows it by its first bytes, by the bytes
// before the last places where it has read to, and by the records that an append
// left in the vault when konseki was killed before how far it is was remembered.
// At each look it finds out which file holds which content, among the path and all
// that rotation may have made of it; reading goes on in the file that holds all
// that was read. A file that holds nothing but how another begins is a copy, any
// other is new. What is in no file at two looks is lost, and that is attested.
//
// What is promised: each line comes once, in the order of its file, whatever is
// done to the file by renaming, compressing or deleting it after renaming, also
// while konseki is stopped. Where a file is truncated in place, each line comes
// once that was read before or is in a copy beside it (copytruncate); a line
// written after the copy was made and not read before the truncation is lost by
// the truncation, and its number cannot be known: that is attested. A copy that is
// not beside the file or not named after it is not recognised.
package tail
