// Package slo says what an incident cost a service level objective, from raw
// samples of the objective's counters.
//
// The package is pure: it reads no clock and no network, so the same samples
// give the same numbers on any machine. It never guesses in silence: a count
// carries its bounds, a figure that cannot be known is a nil pointer rather
// than 0, and a figure that was projected says from what.
//
// All windows and slices are half-open, start <= t < end. An increase belongs
// to the sample that shows it, which is the later of the two that it lies between.
//
// The budgeting formulas are those of the SRE Workbook, chapters "Implementing
// SLOs" and "Alerting on SLOs", and of the OpenSLO v1 specification for the
// budgeting methods that count time slices.
package slo
