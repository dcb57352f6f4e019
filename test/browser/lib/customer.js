// Customers that a test has for itself.
import { api } from './world.js';

let made = 0;

// customer makes an account of acme with an owner who has no sign-in yet, and returns the
// ids of both. more are fields of the contact.
export async function customer(name, more = {}) {
  const id = `b${process.pid}-${++made}`;
  await api('acme', 'PUT', `accounts/${id}`, { name, status: 'Active', accountProfile: 'business' });
  const contact = { accountId: id, firstName: 'Robin', lastName: 'Miller', email: `robin@${id}.example`, roles: ['Primary'], owner: true, access: 'Active', ...more };
  await api('acme', 'PUT', `contacts/${id}-owner`, contact);
  return { account: id, contact: `${id}-owner`, email: contact.email };
}

// A second contact of a customer.
export async function colleague(of, name, more = {}) {
  const id = `${of.account}-${name}`;
  await api('acme', 'PUT', `contacts/${id}`, { accountId: of.account, firstName: name, email: `${name}@${of.account}.example`, access: 'Active', ...more });
  return { account: of.account, contact: id, email: `${name}@${of.account}.example` };
}

// The screen of Fusebill: what there is of a contact's sign-in.
export const credentials = (contact) => api('acme', 'GET', `contacts/${contact}/credentials`);
export const sendCreateMail = (contact) => api('acme', 'POST', `contacts/${contact}/create-mail`);
export const sendResetMail = (contact) => api('acme', 'POST', `contacts/${contact}/reset-mail`);
