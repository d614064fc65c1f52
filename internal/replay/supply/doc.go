// Package supply is the incident that came by way of a supplier.
package supply
