/** The wire types, and the few words about permission sets that every floor needs. */
import type { PermissionName } from "./types.gen";
import { Permission } from "./types.gen";

export * from "./sources";
export * from "./types.gen";

/** Whether a set of bits holds `name`; plain arithmetic, since JavaScript's `&` ends at bit 31. */
export function hasBit(bits: number, name: PermissionName): boolean {
  return Math.floor(bits / Permission[name]) % 2 === 1;
}

/** The set with `name` added or taken out. */
export function withBit(bits: number, name: PermissionName, on: boolean): number {
  if (hasBit(bits, name) === on) return bits;
  return on ? bits + Permission[name] : bits - Permission[name];
}
