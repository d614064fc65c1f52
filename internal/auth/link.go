package auth

import (
	"slices"
	"time"
)

const (
	linkLife = 24 * time.Hour
	maxLinks = 32 // open at once; the oldest gives way
)

// link is a one-time sign-in link that has not been used.
type link struct {
	Hash    string    `json:"hash"`
	Role    string    `json:"role"`
	Expires time.Time `json:"expires"`
}

// Invite makes a one-time sign-in link for a person of a role and returns its
// token, which is shown once and valid for 24 hours.
func (a *Auth) Invite(role string) (token string, err error) {
	if !validRole(role) {
		return "", ErrRole
	}
	token, hash := secret("")
	a.mu.Lock()
	defer a.mu.Unlock()
	err = a.users.change(func(f *usersFile) error {
		f.Version = 1
		now := a.now()
		f.Links = slices.DeleteFunc(f.Links, func(l link) bool { return !now.Before(l.Expires) })
		f.Links = append(f.Links, link{Hash: hash, Role: role, Expires: now.Add(linkLife).UTC()})
		f.Links = f.Links[max(0, len(f.Links)-maxLinks):]
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// UseLink makes an account with the role of a link. The link is used up only
// when the account was made: after ErrName, ErrNameTaken, ErrWeakPassword or
// ErrLongPassword the person may try again. ErrLink: the link is no good.
func (a *Auth) UseLink(token, name, password string) (Person, error) {
	if !a.linkOpen(token) {
		return Person{}, ErrLink
	}
	name, err := cleanName(name)
	if err != nil {
		return Person{}, err
	}
	if err := checkNewPassword(name, password); err != nil {
		return Person{}, err
	}
	a.hashing <- struct{}{}
	hash := hashPassword(password, a.cost)
	<-a.hashing

	a.mu.Lock()
	defer a.mu.Unlock()
	var person Person
	err = a.users.change(func(f *usersFile) error {
		i := f.link(token, a.now())
		if i < 0 {
			return ErrLink
		}
		if f.user(name) != nil {
			return ErrNameTaken
		}
		person = Person{Name: name, Role: f.Links[i].Role}
		f.Version = 1
		f.Links = slices.Delete(f.Links, i, i+1)
		f.Users = append(f.Users, user{Name: name, Role: person.Role, Password: hash, Created: a.now().UTC()})
		return nil
	})
	if err != nil {
		return Person{}, err
	}
	a.logger.Info("account made", "name", person.Name, "role", person.Role)
	return person, nil
}

func (a *Auth) linkOpen(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.read().link(token, a.now()) >= 0
}

// link finds the link of a token that has not expired, or -1.
func (f *usersFile) link(token string, now time.Time) int {
	hash := digest(token)
	return slices.IndexFunc(f.Links, func(l link) bool {
		return sameDigest(l.Hash, hash) && now.Before(l.Expires)
	})
}
