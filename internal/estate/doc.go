// Package estate knows the company's own networks, devices, people and sensitive items, as they were at a time.
package estate
