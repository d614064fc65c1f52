// Package webshell is the incident of a web framework's hole, a backdoor and card data of 2017.
package webshell
