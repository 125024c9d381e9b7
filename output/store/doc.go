// Package store keeps evidence bundles in a folder or in a bucket of S3, Google
// Cloud Storage or Azure.
//
// A bundle is kept under its own hash: the same bytes have one place, and no
// place ever holds other bytes. What is there is never overwritten. What was
// put is read back and compared before Put says that it is kept, and what is
// got appears under its name only when its hash is right.
package store
